"""Every SQL statement of notifier, by what it is about."""
