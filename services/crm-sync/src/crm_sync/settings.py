"""What crm-sync is told by its environment (prefix CRM_SYNC_)."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict
from shared.settings import ServiceSettings

from crm_sync.clients.transport import Account
from crm_sync.holdings import RETENTION


class Settings(ServiceSettings):
    """`shopmonkey_accounts` is JSON: `{"<account>": {"base_url": "https://api.shopmonkey.cloud", "api_key": "..."}}`."""

    model_config = SettingsConfigDict(env_prefix="CRM_SYNC_", extra="ignore", frozen=True)

    own_retention = RETENTION

    port: int = 8104
    shopmonkey_accounts: dict[str, Account] = Field(default_factory=dict)
    poll_seconds: float = Field(default=60, gt=0)
