"""Why, and why not: the state of a service laid open, and orders derived again from what was heard."""
