"""Where things are kept: the journal, readings, quarantine, alarms and orders."""
