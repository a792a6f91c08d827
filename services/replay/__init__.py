"""Recorded traffic, played to a service of its own on the recording's clock."""
