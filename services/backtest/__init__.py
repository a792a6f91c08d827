"""What the rules would have done: history from wherever it is kept, and what comes of it in work."""
