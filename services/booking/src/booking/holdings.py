"""What booking holds of a lead, and what erasing leaves of it: sold time stays sold, to nobody that can be named; and what leaves by age."""

from shared.persons import Holding, Holdings
from shared.retention import Kind, Retention

_CLASS_ONLY = "vehicle = jsonb_build_object('vehicle_class', vehicle ->> 'vehicle_class')"

HOLDINGS = Holdings(
    (
        Holding("idempotency_keys", "lead_id = :lead_id"),
        Holding("quotes", "lead_id = :lead_id", blank=_CLASS_ONLY),
        Holding("appointments", "lead_id = :lead_id", blank=f"cancel_reason = NULL, {_CLASS_ONLY}"),
        Holding("leads", "lead_id = :lead_id"),
    ),
    locks=("SELECT FROM leads WHERE lead_id = :lead_id FOR UPDATE",),
)

RETENTION = Retention(
    kinds=(
        Kind(
            name="quotes",
            what="quotes that were not booked",
            table="quotes",
            days=90,
            since="created_at",
            after="they were made",
            where="NOT EXISTS (SELECT FROM appointments a WHERE a.quote_id = quotes.id)",
            least_days=7,
        ),
        Kind(
            name="holds",
            what="times that were held",
            table="holds",
            days=30,
            since="expires_at",
            after="they expired",
        ),
        Kind(
            name="idempotency_keys",
            what="keys of bookings, with a hash of what came",
            table="idempotency_keys",
            days=30,
            since="created_at",
            after="they came",
        ),
    ),
    kept={
        **dict.fromkeys(
            (
                "tenants",
                "locations",
                "location_hours",
                "location_breaks",
                "location_rules",
                "special_openings",
                "closures",
                "bays",
                "technicians",
                "time_off",
                "service_catalog",
                "catalog_versions",
                "knowledge",
                "knowledge_versions",
            ),
            "the shop's own",
        ),
        "staff": "who works there, or did",
        "occupancies": "sold time, of nobody that is named",
        "external_appointments": "the shop's calendar: times only",
        "booking_requests": "ids and a code, against repeats",
    },
)
