"""What surrounds a reading: the sun, the tide, the calendar. Values handed to the core."""
