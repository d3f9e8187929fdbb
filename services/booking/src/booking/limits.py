"""What booking limits. The assistant's calls for a lead count with the lead's own."""

from shared.http.limits import STAFF_LIMITS, Limit

LIMITS = (
    *STAFF_LIMITS,
    Limit("link_failures_per_ip", "IP address", "120/minute; 1200/hour", "guessing of chat and manage links"),
    Limit(
        "reads_per_link",
        "lead or appointment",
        "600/minute; 10000/hour",
        "searching for times, over and over",
    ),
    Limit(
        "changes_per_link",
        "lead or appointment",
        "120/minute; 1200/hour",
        "quotes, holds, bookings, moves, over and over",
    ),
)
