"""What notifier holds of a lead, what erasing leaves of it, and what leaves by age."""

from shared.persons import Holding, Holdings
from shared.retention import Kind, Retention

_HAS = "({address} IN (o.email, o.phone) OR {address} = ANY(o.other_addresses))"
_OF_ANOTHER_NOW = f"EXISTS (SELECT FROM leads o WHERE o.id <> :lead_id AND {_HAS})"

_ADDRESSES = f"""
SELECT unnest(ARRAY[email, phone]) FROM leads WHERE id = :lead_id
UNION
SELECT other FROM leads, unnest(other_addresses) AS other
WHERE id = :lead_id AND NOT {_OF_ANOTHER_NOW.format(address="other")}
UNION
SELECT former.address FROM (
    SELECT address FROM deliveries WHERE lead_id = :lead_id AND purpose <> 'shop_notice'
    UNION SELECT address FROM consents WHERE lead_id = :lead_id
) AS former WHERE former.address NOT LIKE 'hmac-%' AND NOT {_OF_ANOTHER_NOW.format(address="former.address")}
"""  # noqa: S608 - our own words

_AS_STRANGERS = """
key = CAST(tenant_id AS text) AND EXISTS (
    SELECT FROM unnest(:addresses) AS sign WHERE position(convert_to('"' || sign || '"', 'UTF8') IN body) > 0
)
"""
"""What they wrote before they were known is told under the tenant."""

_GREETED_THEM = "also @> jsonb_build_array(jsonb_build_object('lead_id', CAST(:lead_id AS text)))"
_NOT_SENT = "state = CASE state WHEN 'planned' THEN 'suppressed' WHEN 'unknown' THEN 'failed' ELSE state END"
_HASHED = "address = CAST(:hashes AS jsonb) ->> address"

HOLDINGS = Holdings(
    (
        Holding("touch_points", "lead_id = :lead_id"),
        Holding(
            "deliveries",
            "lead_id = :lead_id",
            blank="address = '', payload = '{}', fingerprint = NULL",
        ),
        # Of a lead that had their address before it was known whose it is: its words are not theirs. The hash still tells that
        # somebody else has that lead's link.
        Holding(
            "deliveries",
            "lead_id <> :lead_id AND address = ANY(:addresses)",
            under_way="state = 'sending'",
            spared=f"EXISTS (SELECT FROM leads o WHERE o.id = deliveries.lead_id AND {_HAS.format(address='deliveries.address')}) "  # noqa: S608
            "OR EXISTS (SELECT FROM staff s WHERE s.active AND deliveries.address IN (s.email, s.phone))",
            blank=f"{_HASHED}, {_NOT_SENT}",
            shown="jsonb_build_object('id', id, 'channel', channel, 'address', address, 'sent_at', sent_at)",
        ),
        # What the shop was told that they wrote in somebody else's matter; older rows have the address as it is shown.
        Holding(
            "deliveries",
            "lead_id <> :lead_id AND purpose = 'shop_notice' AND replace(payload ->> 'sender', '[.]', '.') = ANY(:addresses)",
            under_way="state = 'sending'",
            blank=f"payload = '{{}}', {_NOT_SENT}",
            shown="jsonb_build_object('id', id, 'payload', payload, 'sent_at', sent_at)",
        ),
        Holding(
            "inbound_messages",
            "lead_id = :lead_id OR sender = ANY(:addresses)",
            blank="subject = NULL, sender = NULL, text = NULL, media = '[]'",
        ),
        # Proof of consent stays, and so does the wish to be left alone: both without the person's own words.
        Holding(
            "consents",
            "lead_id = :lead_id AND num_nonnulls(text, url, ip) > 0",
            blank="text = NULL, url = NULL, ip = NULL",
        ),
        Holding(
            "consents",
            "address = ANY(:addresses)",
            spared=_OF_ANOTHER_NOW.format(address="consents.address"),
            blank=f"{_HASHED}, text = NULL, url = NULL, ip = NULL",
            shown="CASE WHEN lead_id IS NULL OR lead_id = :lead_id THEN to_jsonb(consents) ELSE "
            "to_jsonb(consents) - '{text,url,ip,lead_id}'::text[] END",
        ),
        # Of the lead that its person was greeted by.
        Holding(
            "leads",
            _GREETED_THEM,
            blank="also = (SELECT coalesce(jsonb_agg(one), '[]'::jsonb) FROM jsonb_array_elements(also) one "
            "WHERE one ->> 'lead_id' <> CAST(:lead_id AS text))",
            shown="jsonb_build_object('id', id, 'also', (SELECT jsonb_agg(one) FROM jsonb_array_elements(also) one "
            "WHERE one ->> 'lead_id' = CAST(:lead_id AS text)))",
        ),
        Holding("leads", "id = :lead_id"),
        # Follows ingest's, which tells of every change.
        Holding("staff", "email = ANY(:addresses) OR phone = ANY(:addresses)", kept=True),
    ),
    events=f"key = CAST(:lead_id AS text) OR {_AS_STRANGERS}",
    addresses=_ADDRESSES,
    locks=(
        # All that erasing writes to, in the order of an opt-out.
        f"SELECT FROM leads WHERE id = :lead_id OR {_GREETED_THEM} ORDER BY id FOR UPDATE",
        "SELECT FROM touch_points WHERE lead_id = :lead_id FOR UPDATE",
    ),
    # A stranger's words, and with them their wish to be left alone.
    stranger_locks=("LOCK TABLE inbound_messages IN SHARE ROW EXCLUSIVE MODE",),
)

RETENTION = Retention(
    kinds=(
        Kind(
            name="sent_messages",
            what="address and words of what was sent, or not; that it was stays",
            table="deliveries",
            days=365,
            since="created_at",
            after="it was planned",
            where="state NOT IN ('planned', 'sending', 'unknown') AND (address <> '' OR payload <> '{}')",
            blank="address = '', payload = '{}', fingerprint = NULL",
            least_days=31,
        ),
        Kind(
            name="inbound_messages",
            what="sender, subject, words and pictures' addresses of mails and texts; their ids stay, against repeats",
            table="inbound_messages",
            days=90,
            since="received_at",
            after="they came",
            where="(num_nonnulls(subject, sender, text) > 0 OR media <> '[]')",
            blank="subject = NULL, sender = NULL, text = NULL, media = '[]'",
        ),
        Kind(
            name="opt_out_words",
            what="the words of an opt-out, and from where it came; the wish to be left alone stays",
            table="consents",
            days=365,
            since="at",
            after="they came",
            where="permission = 'opted_out' AND num_nonnulls(text, ip) > 0",
            blank="text = NULL, ip = NULL",
        ),
        Kind(
            name="consent_proofs",
            what="the words of a consent, the page and the address of who gave it; that it was given stays",
            table="consents",
            days=1825,
            since="at",
            after="it was given",
            where="permission = 'granted' AND num_nonnulls(text, url, ip) > 0",
            blank="text = NULL, url = NULL, ip = NULL",
            least_days=1461,  # claims can be made for four years (28 U.S.C. 1658)
        ),
    ),
    kept={
        "tenants": "the shop's own",
        "locations": "the shop's own",
        "staff": "who works there, or did",
        "appointments": "times only",
        "erased_signs": "who is not to come back, as keyed hashes",
        "provider_statuses": "ids of Twilio's",
    },
)
