"""What endpoints and actions need from outside."""

from dataclasses import dataclass

from pydantic import SecretStr
from shared.db.engine import Sessions

from ingest.sealing import Sealer


@dataclass(frozen=True)
class Deps:
    sessions: Sessions
    sealer: Sealer
    person_key: SecretStr
