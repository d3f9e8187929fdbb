"""What booking does: each verb is one transaction of state and outbox rows."""
