"""Payload decoders: a device's bytes to what its vendor calls them. Pure; one file a vendor; they share nothing."""
