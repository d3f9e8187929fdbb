"""The counters and histograms that all services share; labels hold types and names, never ids."""

from prometheus_client import Counter, Gauge, Histogram

EVENTS_PUBLISHED = Counter("events_published_total", "Events confirmed by the broker", ["type"])
EVENTS_CONSUMED = Counter("events_consumed_total", "Deliveries by outcome", ["queue", "outcome"])
EVENTS_LAG_SECONDS = Gauge(
    "events_lag_seconds", "How long the delivery begun last had waited in its queue", ["queue"]
)
OUTBOX_OLDEST_SECONDS = Gauge(
    "outbox_oldest_seconds", "Age of the oldest event not yet published", ["service"]
)
INTENTS_UNKNOWN = Gauge(
    "intents_unknown", "Calls to vendors whose outcome nobody knows (yet)", ["service", "kind"]
)
LIMITS_REFUSED = Counter("limits_refused_total", "What was over a limit, by the limit", ["limit"])
RETENTION_REMOVED = Counter(
    "retention_removed_total", "Rows that were removed or blanked for their age", ["kind"]
)
HTTP_SECONDS = Histogram(
    "http_request_seconds",
    "Time to the answer's head",
    ["method", "route", "status"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
