"""How the core is run: live, and later on history."""
