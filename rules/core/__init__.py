"""Pure: rule, expression, state, step, groups. No clock, no I/O, no logging."""
