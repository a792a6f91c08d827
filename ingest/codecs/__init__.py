"""One file for each envelope dialect. Pure."""
