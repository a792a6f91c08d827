"""The ways of a make-believe coast to its service: over a broker, or within one process."""
