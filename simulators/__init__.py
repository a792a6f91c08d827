"""A make-believe coast: it speaks the wire and imports nothing of ours but domain."""
