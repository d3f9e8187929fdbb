"""Doors out: booking, Claude, and the feed between replicas."""
