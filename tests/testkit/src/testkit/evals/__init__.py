"""Scripted customers: read from YAML, played over HTTP, graded by what is true afterwards."""
