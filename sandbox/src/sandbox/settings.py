"""Where the sandbox listens, whom it calls, and the secrets it shares with the code under test."""

from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="SANDBOX_")

    host: str = "127.0.0.1"
    port: int = 8090
    smtp_port: int = 8025
    gateway_url: str = "http://127.0.0.1:8080"
    tenant: str = "sample-tint"
    webhook_secret: str = "sample-webhook-secret"  # noqa: S105 - a sample; `make up` makes its own
    shopmonkey_api_key: str = "sample-shopmonkey-key"
    twilio_account_sid: str = "AC5a6d706c655a6d706c655a6d706c6500"
    twilio_auth_token: str = "sample-twilio-token"  # noqa: S105 - a sample; `make up` makes its own
    smtp_utf8: bool = True
    """Whether the mail server takes addresses beyond ASCII, which many do not."""
    seed: int = 1

    def webhook_url(self, vendor: str) -> str:
        return f"{self.gateway_url.rstrip('/')}/webhooks/{vendor}/{self.tenant}"
