"""From an alarm to a crew: the order's legal changes, who gets it, and the sending."""
