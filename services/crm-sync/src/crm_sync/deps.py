"""What endpoints and actions are handed."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from shared.availability import Availability
from shared.db.engine import Sessions

from crm_sync.clients.shopmonkey import ShopMonkey


@dataclass(frozen=True)
class Deps:
    """`crms`: whether the CRM of a tenant answers, as this process sees it."""

    sessions: Sessions
    accounts: Mapping[str, ShopMonkey]
    crms: defaultdict[UUID, Availability] = field(default_factory=lambda: defaultdict(Availability))
