"""Starts and stops the whole system on one machine, without containers of our own (`python -m ops.stack up`)."""
