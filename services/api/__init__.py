"""The HTTP door for people and other systems."""
