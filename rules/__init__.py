"""Deciding when readings amount to an alarm."""
