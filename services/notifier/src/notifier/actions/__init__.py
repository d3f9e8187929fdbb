"""What notifier does: one function, one transaction."""
