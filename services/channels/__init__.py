"""Where messages to people go, one file each."""
