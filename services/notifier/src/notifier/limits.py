"""What notifier limits."""

from shared.http.limits import Limit

UNASKED_PER_ADDRESS = "unasked_per_address"
PAGES_PER_LEAD = "pages_per_lead"
UNPROVEN_PER_TENANT = "unproven_per_tenant"
INBOUND_PER_SENDER = "inbound_per_sender"

LIMITS = (
    Limit(
        "signature_failures_per_ip",
        "IP address",
        "120/minute; 1200/hour",
        "forged texts, mails and statuses: 429, not 403",
    ),
    Limit(
        "link_failures_per_ip",
        "IP address",
        "120/minute; 1200/hour",
        "guessing of unsubscribe links, and of chat links to have renewed",
    ),
    Limit(
        INBOUND_PER_SENDER,
        "tenant and sender",
        "10/minute; 60/hour; 200/day",
        "reading mails and texts for a wish to be left alone; above it only words like STOP are heard, all is kept and shown",
    ),
    Limit(
        UNPROVEN_PER_TENANT,
        "tenant",
        "120/minute; 2000/hour",
        "the same of mails that nothing proves, whose senders are made up",
    ),
    Limit(
        PAGES_PER_LEAD,
        "lead, for hand-offs, their escalation and call-backs each",
        "4/hour; 8/day",
        "asking for a person, over and over; above it the hand-off stands in the console and nobody is written to",
    ),
    Limit(
        UNASKED_PER_ADDRESS,
        "inbox or number over a tenant, those of forms apart",
        "6/hour; 20/day",
        "a form and a booking, moved again and again: confirmations and reminders above it wait, and only the newest state is sent",
    ),
)
