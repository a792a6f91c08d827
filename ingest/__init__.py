"""The door: bytes in, readings out."""
