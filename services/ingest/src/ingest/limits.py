"""What ingest limits. Wide enough for a mall's Wi-Fi and a carrier's NAT: many people, one address."""

from shared.http.limits import STAFF_LIMITS, Limit

LIMITS = (
    Limit("form_per_ip", "IP address", "180/minute; 2400/hour", "a flood of the web form"),
    Limit(
        "form_soft_per_ip", "IP address", "60/minute; 600/hour", "a flood: above it the form asks for proof"
    ),
    Limit("challenges_per_ip", "IP address", "120/minute; 1500/hour", "asking for challenges, over and over"),
    Limit("form_per_address", "inbox or number", "60/minute; 300/hour", "forms in one person's name"),
    Limit(
        "leads_per_address_and_ip",
        "inbox or number, and IP address",
        "4/hour; 8/day",
        "other wishes in one person's name: one sender cannot use up the person's first touches",
    ),
    Limit("form_per_site", "site key", "600/minute; 10000/hour", "a flood from many addresses"),
    Limit("login_per_ip", "IP address", "60/minute; 300/hour", "asking for log-in mails"),
    Limit(
        "login_per_address",
        "e-mail address and IP",
        "20/hour; 60/day",
        "log-in mails to one member (still 202)",
    ),
    Limit(
        "login_per_member",
        "e-mail address",
        "30/hour; 100/day",
        "the same from many addresses; what was mailed until then signs in",
    ),
    Limit("codes_per_ip", "IP address", "240/minute; 3000/hour", "a flood of log-in codes, right or wrong"),
    Limit("session_failures_per_ip", "IP address", "60/minute; 300/hour", "guessing of log-in codes"),
    *STAFF_LIMITS,
    Limit("exports_per_member", "member of staff", "6/minute; 60/hour", "the leads as a file, over and over"),
    Limit(
        "signature_failures_per_ip",
        "IP address and tenant",
        "120/minute; 1200/hour",
        "forged webhooks: 429, not 401",
    ),
    Limit("unknown_tenants_per_ip", "IP address", "120/minute; 1200/hour", "guessing of tenants' names"),
)
