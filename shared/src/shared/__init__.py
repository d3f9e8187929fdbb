"""What every service has in common: event contracts, messaging, database, telemetry, HTTP errors and tokens."""
