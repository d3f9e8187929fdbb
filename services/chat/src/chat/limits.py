"""What chat limits. Wide enough for a mall's Wi-Fi and a carrier's NAT: many people, one address."""

from shared.http.limits import STAFF_LIMITS, Limit

LIMITS = (
    Limit("messages_per_lead", "lead", "20/minute", "more messages than a person types"),
    Limit("requests_per_link", "lead", "600/minute; 10000/hour", "reading and writing, over and over"),
    Limit("link_failures_per_ip", "IP address", "120/minute; 1200/hour", "guessing of chat links"),
    *STAFF_LIMITS,
    Limit(
        "inbound_per_sender",
        "tenant and sender",
        "10/minute; 60/hour; 200/day",
        "model spend by mails and texts; above it they are kept and shown, not answered",
    ),
    Limit("streams_opened_per_lead", "lead", "300/10 minutes", "streams opened again and again"),
    Limit("streams_opened_per_member", "member of staff", "300/10 minutes", "the same"),
    Limit(
        "model_cents_per_lead", "lead", "100/day", "model spend; above it the deterministic assistant answers"
    ),
    Limit("model_cents_per_location", "location", "5000/day", "the same"),
    Limit("model_cents_per_tenant", "tenant", "50000/day", "the same"),
)
