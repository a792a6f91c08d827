"""Rules that run silently beside those in force, and what they would have done otherwise."""
