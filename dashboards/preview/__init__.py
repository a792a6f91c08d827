"""Dashboards drawn without Grafana: the same files, the same questions, plain HTML and SVG."""
