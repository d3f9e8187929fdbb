"""What ingest does; one function is one transaction, or one effect inside a consumer's."""

from ingest.actions.administer import (
    Configured,
    TenantView,
    configure_location,
    configure_tenant,
    list_deliveries,
    list_sources,
    view_tenant,
)
from ingest.actions.follow import (
    follow_order,
    mark_cancelled,
    mark_contacted,
    mark_engaged,
    mark_rescheduled,
    mark_scheduled,
    withdraw_consent,
)
from ingest.actions.persons import Person, erase_old_leads, erase_person, find_person, unless_erased
from ingest.actions.receive import Shares, enter_lead, receive_form, receive_lead
from ingest.actions.secrets import SecretsState, seal_secrets, states_of_secrets
from ingest.actions.staff import (
    SESSION_HOURS,
    Member,
    configure_staff,
    end_session,
    list_staff,
    list_tokens,
    make_token,
    member_of,
    request_login,
    revoke_token,
    use_login,
)
from ingest.actions.webhooks import receive_webhook, replay_delivery

__all__ = [
    "SESSION_HOURS",
    "Configured",
    "Member",
    "Person",
    "SecretsState",
    "Shares",
    "TenantView",
    "configure_location",
    "configure_staff",
    "configure_tenant",
    "end_session",
    "enter_lead",
    "erase_old_leads",
    "erase_person",
    "find_person",
    "follow_order",
    "list_deliveries",
    "list_sources",
    "list_staff",
    "list_tokens",
    "make_token",
    "mark_cancelled",
    "mark_contacted",
    "mark_engaged",
    "mark_rescheduled",
    "mark_scheduled",
    "member_of",
    "receive_form",
    "receive_lead",
    "receive_webhook",
    "replay_delivery",
    "request_login",
    "revoke_token",
    "seal_secrets",
    "states_of_secrets",
    "unless_erased",
    "use_login",
    "view_tenant",
    "withdraw_consent",
]
