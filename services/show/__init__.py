"""The demo: a coast staged and played, and the board on which it is watched."""
