"""What ingest holds of a lead, and what erasing leaves of it: a lead that counts, and the proof of what was agreed to.

And after how many days what leaves by itself; an old lead is erased as if its person had asked for it.
"""

from shared.persons import Holding, Holdings
from shared.retention import Kind, Retention

_HAS = "({address} IN (o.email, o.phone) OR {address} = ANY(o.other_addresses))"
_OF_ANOTHER_NOW = f"EXISTS (SELECT FROM leads o WHERE o.id <> :lead_id AND {_HAS})"

_POINTS = """
LATERAL (
    VALUES ('email', lead_sources.seen -> 'contact' ->> 'email'), ('phone', lead_sources.seen -> 'contact' ->> 'phone')
    UNION ALL SELECT 'other', jsonb_array_elements_text(lead_sources.seen -> 'other_addresses')
) AS point (kind, address)
"""
"""How a trace says that a person is reached."""

_ADDRESSES = f"""
SELECT unnest(ARRAY[email, phone]) FROM leads WHERE id = :lead_id
UNION
SELECT other FROM leads, unnest(other_addresses) AS other
WHERE id = :lead_id AND NOT {_OF_ANOTHER_NOW.format(address="other")}
UNION
SELECT point.address FROM lead_sources, {_POINTS}
WHERE lead_id = :lead_id AND NOT held ? point.kind AND NOT {_OF_ANOTHER_NOW.format(address="point.address")}
"""  # noqa: S608 - our own words

_SIGNS = """
(
    SELECT sign FROM leads l, unnest(ARRAY[l.order_id, l.customer_id, l.vehicle_id]) AS sign WHERE l.id = :lead_id
    UNION SELECT unnest(:addresses)
)
"""
_NAMES_THEM = f"""
EXISTS (SELECT FROM {_SIGNS} AS signs (sign) WHERE position(convert_to('"' || sign || '"', 'UTF8') IN body) > 0)
"""
"""A body of JSON. ShopMonkey's rows name the order, its customer or their vehicle."""

_ALL_POINTS = (
    f"(SELECT bool_and(point.address = ANY(:addresses)) FROM {_POINTS} WHERE point.address IS NOT NULL)"  # noqa: S608
)
_SUBMITTED = f"lead_id = :lead_id OR lead_id IS NULL AND {_ALL_POINTS}"
"""Also what was taken for a machine's, where all that it names is theirs."""

_THEIR_POINTS = f"FROM {_POINTS} WHERE point.address = ANY(:addresses)"
_NAMED_BY_OTHERS = f"""
lead_id IS DISTINCT FROM :lead_id AND EXISTS (SELECT {_THEIR_POINTS})
AND NOT coalesce(lead_id IS NULL AND {_ALL_POINTS}, false)
"""
"""Their points in somebody else's form: whose words those are decides who else is named."""
_WITHOUT_THEM = f"""
jsonb_set(seen, '{{contact}}', (seen -> 'contact') || (
    SELECT coalesce(jsonb_object_agg(point.kind, NULL), '{{}}') {_THEIR_POINTS} AND point.kind <> 'other'
)) || CASE WHEN seen ? 'other_addresses' THEN jsonb_build_object('other_addresses', (
    SELECT coalesce(jsonb_agg(one), '[]') FROM jsonb_array_elements_text(seen -> 'other_addresses') AS one WHERE one <> ALL(:addresses)
)) ELSE '{{}}' END
"""  # noqa: S608 - our own words
_IS_THE_OTHER_S = f"""
EXISTS (
    SELECT FROM leads o, {_POINTS}
    WHERE o.id = lead_sources.lead_id AND point.address = ANY(:addresses) AND {_HAS.format(address="point.address")}
)
"""

_EVENTS = f"key = CAST(:lead_id AS text) OR type = 'crm.change.received.v1' AND {_NAMES_THEM}"


def webhooks_and_erasing(tenant_id: str) -> str:
    """SQL: what webhooks of a tenant hold a share of, and whoever erases holds alone; `tenant_id`: SQL, too."""
    return f"hashtextextended('webhooks and erasing ' || CAST({tenant_id} AS text), 0)"


_OF_THIS_TENANT = webhooks_and_erasing("current_setting('app.tenant_id')")

HOLDINGS = Holdings(
    (
        Holding("webhook_deliveries", _NAMES_THEM, blank="body = '', headers = '{}', error = NULL"),
        Holding("idempotency_keys", "lead_id = :lead_id"),
        Holding(
            "lead_sources",
            _SUBMITTED,
            blank="seen = jsonb_build_object('proof_of', (SELECT coalesce(jsonb_agg(value), '[]') "
            "FROM jsonb_each(CAST(:hashes AS jsonb)))), "
            "consent = consent - 'ip' || jsonb_build_object('url', regexp_replace(consent ->> 'url', '[?#].*', '')), held = '{}'",
        ),
        Holding(
            "lead_sources",
            _NAMED_BY_OTHERS,
            spared=_IS_THE_OTHER_S,
            blank=f"seen = {_WITHOUT_THEM}",
            shown="jsonb_build_object('id', id, 'trace', trace, 'seen_at', seen_at, "
            f"'contact', (SELECT jsonb_object_agg(point.kind, point.address) {_THEIR_POINTS}))",
        ),
        # Notifier keeps the wish to be left alone, as a hash.
        Holding(
            "opt_outs",
            "address = ANY(:addresses)",
            spared=_OF_ANOTHER_NOW.format(address="opt_outs.address"),
        ),
        # The shop's own; `actions.persons` sees to those who work there no more.
        Holding("staff", "email = ANY(:addresses) OR phone = ANY(:addresses)", kept=True),
        Holding("lead_status_changes", "lead_id = :lead_id", kept=True),
        Holding(
            "leads",
            "id = :lead_id",
            blank="name = '', email = NULL, phone = NULL, other_addresses = '{}', vehicle = NULL, interest = NULL, message = NULL, "
            "order_id = NULL, customer_id = NULL, vehicle_id = NULL, order_by_us = false, consent_sms = false, consent_email = false",
        ),
    ),
    events=_EVENTS,
    addresses=_ADDRESSES,
    signs="SELECT unnest(ARRAY[customer_id, vehicle_id]) FROM leads WHERE id = :lead_id",
    # Webhooks that look whether they name an erased person (`store.enter_webhook_tenant`) come before their row lock of a lead.
    locks=(
        f"SELECT pg_advisory_xact_lock({_OF_THIS_TENANT})",
        "SELECT FROM leads WHERE id = :lead_id FOR UPDATE",
    ),
    stranger_locks=("LOCK TABLE lead_sources IN SHARE ROW EXCLUSIVE MODE",),
)

_NOT_ERASED = "NOT EXISTS (SELECT FROM erased_leads e WHERE e.lead_id = leads.id)"
_NO_YOUNGER_ONE = " AND ".join(
    f"NOT EXISTS (SELECT FROM leads o WHERE o.tenant_id = leads.tenant_id AND o.{point} = leads.{point} AND o.active_at >= :before)"
    for point in ("email", "phone")
)

OLD_LEADS = Kind(
    name="leads",
    what="leads: erased in every service, unless the person has a younger one",
    table="leads",
    days=730,
    since="active_at",
    after="the last activity, an appointment to come included",
    where=f"{_NOT_ERASED} AND {_NO_YOUNGER_ONE}",
    least_days=60,  # chat links open that long, and the log (30 days) holds no event of such a lead
)

RETENTION = Retention(
    kinds=(
        OLD_LEADS,
        Kind(
            name="raw_deliveries",
            what="bodies of webhooks; their ids stay, against repeats",
            table="webhook_deliveries",
            days=90,
            since="received_at",
            after="they came",
            where="body <> ''",
            blank="body = '', headers = '{}', error = NULL",
        ),
        Kind(
            name="suspected_forms",
            what="forms taken for a machine's",
            table="lead_sources",
            days=90,
            since="seen_at",
            after="they came",
            where="lead_id IS NULL",
        ),
        Kind(
            name="idempotency_keys",
            what="keys of the form, with a hash of what came",
            table="idempotency_keys",
            days=30,
            since="created_at",
            after="they came",
        ),
        Kind(
            name="staff_logins",
            what="log-in links of staff",
            table="staff_logins",
            days=30,
            since="expires_at",
            after="they expired",
        ),
        # While an ended one has not expired, chat must be told to refuse it.
        Kind(
            name="staff_sessions",
            what="sessions and API tokens of staff",
            table="staff_sessions",
            days=30,
            since="expires_at",
            after="they expired",
        ),
    ),
    kept={
        "tenants": "the shop's own",
        "locations": "the shop's own",
        "staff": "who works there, or did: names under what they wrote",
        "opt_outs": "the wish to be left alone",
        "erased_signs": "who is not to come back, as keyed hashes",
        "used_challenges": "random ids, gone with a later form when they have expired",
    },
)
