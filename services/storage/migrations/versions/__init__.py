"""One file a revision, never edited."""
