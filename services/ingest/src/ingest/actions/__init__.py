"""What ingest does; one function is one transaction, or one effect inside a consumer's."""

from ingest.actions.administer import (
    Configured,
    TenantView,
    configure_location,
    configure_tenant,
    list_deliveries,
    view_tenant,
)
from ingest.actions.follow import (
    mark_cancelled,
    mark_contacted,
    mark_engaged,
    mark_rescheduled,
    mark_scheduled,
    withdraw_consent,
)
from ingest.actions.receive import receive_form, receive_lead
from ingest.actions.staff import (
    Member,
    configure_staff,
    list_staff,
    member_for_token,
    member_of,
    request_login,
    use_login,
)
from ingest.actions.webhooks import receive_webhook, replay_delivery

__all__ = [
    "Configured",
    "Member",
    "TenantView",
    "configure_location",
    "configure_staff",
    "configure_tenant",
    "list_deliveries",
    "list_staff",
    "mark_cancelled",
    "mark_contacted",
    "mark_engaged",
    "mark_rescheduled",
    "mark_scheduled",
    "member_for_token",
    "member_of",
    "receive_form",
    "receive_lead",
    "receive_webhook",
    "replay_delivery",
    "request_login",
    "use_login",
    "view_tenant",
    "withdraw_consent",
]
