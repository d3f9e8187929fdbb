"""The settings of ingest."""

from pydantic_settings import SettingsConfigDict
from shared.secrets import Keys
from shared.settings import ServiceSettings

from ingest.holdings import RETENTION
from ingest.limits import LIMITS


class Settings(ServiceSettings):
    """`session_keys` sign the sessions of staff, nobody else has them; with `link_keys_login` notifier signs log-in links.

    `data_keys` encrypt secrets in the tables: the first one seals, each one opens. `challenge_keys` sign the challenges of the web form. `person_key` makes the hashes that stand for erased persons' addresses, the same in ingest and notifier.
    """

    model_config = SettingsConfigDict(env_prefix="INGEST_", extra="ignore", frozen=True)

    own_limits = LIMITS
    own_retention = RETENTION

    port: int = 8101
    link_keys_login: Keys
    session_keys: Keys
    data_keys: Keys
    challenge_keys: Keys
    person_key: Keys
