"""What crm-sync holds of a lead, and what erasing leaves of it: which records of the CRM are ours, that one is to be left alone; and what leaves by age."""

from shared.persons import Holding, Holdings
from shared.retention import Kind, Retention

_NAMES_THEM = """
NOT EXISTS (SELECT FROM leads o WHERE o.lead_id <> :lead_id AND CAST(o.lead_id AS text) = key) AND EXISTS (
    SELECT FROM (SELECT order_id FROM leads WHERE lead_id = :lead_id UNION SELECT unnest(:addresses)) AS signs (sign)
    WHERE position(convert_to('"' || sign || '"', 'UTF8') IN body) > 0
)
"""
"""And is not about another lead."""

_THEIR_ORDER = "kind = 'order' AND crm_id = (SELECT order_id FROM leads WHERE lead_id = :lead_id)"
_NOTE_THEIR_ORDER = """
INSERT INTO observations (tenant_id, kind, crm_id, verdict, seen_by, observed_at)
SELECT tenant_id, 'order', order_id, 'erased', 'webhook', clock_timestamp() FROM leads
WHERE lead_id = :lead_id AND order_id IS NOT NULL ON CONFLICT DO NOTHING
"""
"""It is left alone also where nobody has looked at it yet."""

HOLDINGS = Holdings(
    (
        Holding(
            "sync_tasks",
            "lead_id = :lead_id",
            blank="payload = '{}', last_error = NULL, "
            "state = CASE WHEN state IN ('planned', 'unknown') THEN 'skipped' ELSE state END",
        ),
        Holding(
            "external_refs",
            "our_id IN (SELECT our_id FROM sync_tasks WHERE lead_id = :lead_id)",
            kept=True,
        ),
        Holding(
            "observations",
            _THEIR_ORDER,
            blank="verdict = 'erased', reason = NULL, digest = NULL",
        ),
        Holding(
            "observations",
            "kind = 'customer' AND crm_id = (SELECT customer_id FROM leads WHERE lead_id = :lead_id)",
            spared="EXISTS (SELECT FROM leads o WHERE o.lead_id <> :lead_id AND o.customer_id = observations.crm_id)",
        ),
        Holding("leads", "lead_id = :lead_id"),
    ),
    events=f"key = CAST(:lead_id AS text) OR {_NAMES_THEM}",
    locks=(
        _NOTE_THEIR_ORDER,
        f"SELECT FROM observations WHERE {_THEIR_ORDER} FOR UPDATE",
        "SELECT FROM leads WHERE lead_id = :lead_id FOR UPDATE",
    ),
)

RETENTION = Retention(
    kinds=(
        # One that failed keeps what it is to write until an operator has repeated it.
        Kind(
            name="sync_payloads",
            what="what was written to the CRM; that it was stays",
            table="sync_tasks",
            days=90,
            since="created_at",
            after="it was planned",
            where="state IN ('done', 'skipped') AND payload <> '{}'",
            blank="payload = '{}', last_error = NULL",
            least_days=31,
        ),
    ),
    kept={
        "tenants": "the shop's own",
        "locations": "the shop's own",
        "poll_cursors": "moments",
    },
)
