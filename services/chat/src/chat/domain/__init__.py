"""Pure decisions about a conversation: no I/O, no clock, no randomness."""
