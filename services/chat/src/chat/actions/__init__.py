"""What the service does: one function, one transaction, with its outbox rows."""
