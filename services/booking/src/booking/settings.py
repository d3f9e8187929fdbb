"""The settings of booking."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict
from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """Retention: quotes that were not booked, holds and idempotency keys are deleted that many days later."""

    model_config = SettingsConfigDict(env_prefix="BOOKING_", extra="ignore", frozen=True)

    port: int = 8103
    quote_retention_days: int = Field(default=90, ge=7)
    hold_retention_days: int = Field(default=30, ge=1)
    idempotency_retention_days: int = Field(default=30, ge=1)
