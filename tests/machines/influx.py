"""A real InfluxDB on a free port, started and ended by the test."""
