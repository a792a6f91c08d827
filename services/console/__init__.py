"""The live page: the coast on a map, alarms and orders as they move. The seed of the operators' console."""
