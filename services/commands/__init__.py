"""The commands of `tidewalk`, one group a file."""
