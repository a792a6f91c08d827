"""Device profiles: what a vendor's fields mean in our quantities, as data (`ingest/profiles`), loaded and compiled."""
