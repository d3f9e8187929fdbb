"""The settings of booking."""

from pydantic_settings import SettingsConfigDict
from shared.http.staff import StaffSettings
from shared.secrets import Keys

from booking.holdings import RETENTION
from booking.limits import LIMITS


class Settings(StaffSettings):
    """`link_keys_chat` are those of chat and notifier, `link_keys_manage` booking has alone."""

    model_config = SettingsConfigDict(env_prefix="BOOKING_", extra="ignore", frozen=True)

    own_limits = LIMITS
    own_retention = RETENTION

    port: int = 8103
    link_keys_chat: Keys
    link_keys_manage: Keys
