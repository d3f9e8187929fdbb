"""Attacks on a running stack, each with what shows whether we held: `make attack`, docs/security.md."""
