"""The programs people run, and the machines they talk to."""
