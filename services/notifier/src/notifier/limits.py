"""What notifier limits."""

from shared.http.limits import Limit

LIMITS = (
    Limit(
        "signature_failures_per_ip",
        "IP address",
        "120/minute; 1200/hour",
        "forged texts, mails and statuses: 429, not 403",
    ),
    Limit("link_failures_per_ip", "IP address", "120/minute; 1200/hour", "guessing of unsubscribe links"),
)
