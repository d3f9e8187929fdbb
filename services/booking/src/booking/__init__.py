"""Booking: catalogue, quotes, free slots, holds and appointments, without a double booking."""
