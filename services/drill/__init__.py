"""Drills (演练): a scenario played over a site's own zones, crews and clocks, and how each crew did."""
