"""What the services tell about themselves: logs, traces, metrics, health; never personal data."""
