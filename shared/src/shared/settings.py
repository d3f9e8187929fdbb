"""The settings that all five services have; each adds its own under its own prefix."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class ServiceSettings(BaseSettings):
    """Read once from the environment (prefix: the service's name) by `app.py`, and passed down.

    `link_keys` are comma-separated secrets for customer links, newest first: links signed with an older one stay good.
    """

    model_config = SettingsConfigDict(extra="ignore", frozen=True)

    database_url: str
    rabbitmq_url: str
    host: str = "127.0.0.1"
    port: int
    public_url: str = "http://127.0.0.1:8080"
    link_keys: SecretStr
    ops_token: SecretStr
    log_level: str = "INFO"
    retention_days: int = Field(default=35, ge=31)
    """How long published events and inbox rows stay: longer than the log (30 days) and than any dead letter waits, or a
    late replay would be done twice."""

    def signing_keys(self) -> list[str]:
        """Newest first."""
        return [key for key in self.link_keys.get_secret_value().split(",") if key]
