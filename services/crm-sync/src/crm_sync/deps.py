"""What doors and actions are handed."""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.db.engine import Sessions

from crm_sync.clients.shopmonkey import ShopMonkey


@dataclass(frozen=True)
class Deps:
    sessions: Sessions
    accounts: Mapping[str, ShopMonkey]
