"""What is kept in InfluxDB beside the readings: its set-up, roll-ups, and the event series."""
