"""One file a revision. What one does never changes: databases that it has made are out there."""
