"""Pure decisions: what is a lead, who it is, what the CRM is told."""
