"""The settings that all five services have; each adds its own under its own prefix."""

from collections.abc import Iterator
from typing import Annotated, ClassVar, Self

from pydantic import (
    AfterValidator,
    Field,
    SecretStr,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from shared.db.engine import Sessions
from shared.http.limits import Limit, Limits, Windows, windows_of
from shared.retention import Ages, Days, Retention, ages_of
from shared.secrets import DEMO, OptionalKeys, PrivateText, password_in, refuse_known, token_hash
from shared.tls import check_broker_url, check_database_url

TokenHashes = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}(,sha256:[0-9a-f]{64})*$")]
OperatorName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9._-]{1,40}$")]


DatabaseUrl = Annotated[str, AfterValidator(check_database_url), AfterValidator(PrivateText)]
BrokerUrl = Annotated[str, AfterValidator(check_broker_url), AfterValidator(PrivateText)]


def _secret_database_url(url: SecretStr) -> SecretStr:
    check_database_url(url.get_secret_value())
    return url


class MigrationSettings(BaseSettings):
    """What `migrate` needs and no running service has: the address of the schema's owner."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True)

    migration_database_url: Annotated[SecretStr, AfterValidator(_secret_database_url)]
    log_level: str = "INFO"


def migration_settings(prefix: str) -> type[MigrationSettings]:
    """Those of one service."""

    class Prefixed(MigrationSettings):
        model_config = SettingsConfigDict(env_prefix=prefix, extra="ignore", frozen=True)

    return Prefixed


class ServiceSettings(BaseSettings):
    """Read once from the environment (prefix: the service's name) by `app.py`, and passed down.

    `operators` is JSON: who may call the operators' endpoints, and the hash of their token (of several tokens while one
    is renewed), as `leadctl operator new` makes them. Without any, these endpoints are closed.
    """

    model_config = SettingsConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    own_limits: ClassVar[tuple[Limit, ...]] = ()
    own_retention: ClassVar[Retention] = Retention()

    database_url: DatabaseUrl
    rabbitmq_url: BrokerUrl
    host: str = "127.0.0.1"
    port: int
    public_url: str = "http://127.0.0.1:8080"
    operators: dict[OperatorName, TokenHashes] = Field(default_factory=dict)
    log_level: str = "INFO"
    retention_days: int = Field(default=35, ge=31)
    """How long published events and inbox rows stay: longer than the log (30 days) and than any dead letter waits, or a
    late replay would be done twice."""
    retention: dict[str, Days] = Field(default_factory=dict)
    """Days by kind, where they differ from the defaults: `{"raw_deliveries": 30, "leads": "off"}`."""
    retention_hour: int = Field(default=9, ge=0, le=23)
    """UTC, when what is too old leaves: night from New York to Los Angeles."""

    trusted_proxies: str = "127.0.0.1,::1"
    """Addresses and networks, comma-separated, whose `X-Forwarded-For` is believed: the gateway's."""
    limits_key: OptionalKeys = SecretStr("")
    """What names of what is counted are hashed with; without one the database's password, which all replicas have and no copy of the
    database holds. One that is changed begins the counts anew."""
    limits: dict[str, str] = Field(default_factory=dict)
    """What differs from the defaults: `{"form_per_ip": "240/minute; 5000/hour", "form_per_address": "off"}`."""

    @field_validator("limits")
    @classmethod
    def _known(cls, limits: dict[str, str]) -> dict[str, str]:
        windows_of(cls.own_limits, limits)
        return limits

    @field_validator("retention")
    @classmethod
    def _known_kinds(cls, retention: dict[str, Days]) -> dict[str, Days]:
        ages_of(cls.own_retention.kinds, retention)
        return retention

    def retention_ages(self) -> Ages:
        return ages_of(self.own_retention.kinds, self.retention)

    def limit_windows(self) -> Windows:
        return windows_of(self.own_limits, self.limits)

    def limits_in(self, sessions: Sessions) -> Limits:
        return Limits(sessions, self.limit_windows(), secret=self._counting_key())

    def _counting_key(self) -> str:
        return self.limits_key.get_secret_value() or password_in(self.database_url)

    @model_validator(mode="after")
    def _counts_have_a_key(self) -> Self:
        if not self._counting_key():
            raise ValueError(
                f"{self._variable('limits_key')}: the database's address has no password, so set a secret of 32 random characters here"
            )
        return self

    @model_validator(mode="after")
    def _nothing_that_everybody_knows(self) -> Self:
        refuse_known(self.public_url, self._secrets())
        return self

    def _secrets(self) -> Iterator[tuple[str, str]]:
        """By the name of their setting."""
        for name in type(self).model_fields:
            value = getattr(self, name)
            if isinstance(value, SecretStr):
                yield self._variable(name), value.get_secret_value()
        if any(token_hash(DEMO) in hashes for hashes in self.operators.values()):
            yield self._variable("operators"), DEMO
        for name in ("database_url", "rabbitmq_url"):
            yield self._variable(name), password_in(getattr(self, name))

    @classmethod
    def _variable(cls, name: str) -> str:
        return f"{cls.model_config.get('env_prefix', '')}{name}".upper()


def why_refused(settings: type[BaseSettings], error: ValidationError | SettingsError) -> str:
    """In one line, without any value."""
    if isinstance(error, SettingsError):
        return f"{error}."
    prefix = settings.model_config.get("env_prefix", "")
    reasons = [
        f"{prefix}{'.'.join(str(part) for part in found['loc'])}".upper() + f": {found['msg']}"
        if found["loc"]
        else found["msg"]
        for found in error.errors(include_input=False, include_url=False)
    ]
    told = "; ".join(reason.replace("Value error, ", "") for reason in reasons)
    return f"{told}. deploy/new-env makes every secret, deploy/.env.example says what each is for."
