"""Endpoints out: booking, Claude, and the feed between replicas."""
