"""A real mosquitto on a free port, started and ended by the test."""
