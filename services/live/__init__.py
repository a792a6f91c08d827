"""What changes, for everybody who watches: numbered snapshots, and the changes after them."""
