"""Leads come in: webhooks and web form; owns tenants, locations and leads."""
