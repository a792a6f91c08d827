"""Grafana: what dashboards are told of the rules, and how they are published."""
