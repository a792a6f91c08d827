"""What `tidewalk bench` plays to the service to measure it."""
