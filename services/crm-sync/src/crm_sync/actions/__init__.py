"""What the service does: keep replicas, observe the CRM, plan what it is owed, write it, poll it."""
