"""What notifier reads from its environment."""

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict
from shared.http.links import LinkPurpose
from shared.secrets import Keys, OptionalKeys, keys_of
from shared.settings import ServiceSettings

from notifier.domain.first_touches import Limits
from notifier.holdings import RETENTION
from notifier.limits import LIMITS


class Settings(ServiceSettings):
    """Without `inbound_email_secret` the mail provider's endpoint answers 403 to everybody, without `twilio_auth_token` Twilio's.

    Of several, newest first, each is believed; Twilio is called with the first.

    `link_keys_chat` are those of chat and booking, `link_keys_login` those of ingest, `link_keys_unsubscribe` and `link_keys_reply` (of the addresses
    that our mails are answered at) notifier has alone.
    `person_key` makes the hashes that stand for erased persons' addresses, the same as in ingest.

    An address gets at most so many first touches an hour and a day, whatever its leads are; a location's form causes at most
    so many an hour, mails and texts together.
    """

    model_config = SettingsConfigDict(env_prefix="NOTIFIER_", extra="ignore", frozen=True)

    own_limits = LIMITS
    own_retention = RETENTION

    port: int = 8105
    chat_url: str = "http://127.0.0.1:8102"
    booking_url: str = "http://127.0.0.1:8103"
    link_keys_chat: Keys
    link_keys_unsubscribe: Keys
    link_keys_reply: Keys
    link_keys_login: Keys
    person_key: Keys
    smtp_host: str = "127.0.0.1"
    smtp_port: int = 8025
    smtp_username: str | None = None
    smtp_password: SecretStr | None = None
    smtp_starttls: bool = False
    twilio_base_url: str = "https://api.twilio.com"
    twilio_account_sid: str = ""
    twilio_auth_token: OptionalKeys = SecretStr("")
    inbound_email_secret: OptionalKeys = SecretStr("")
    first_touches_per_hour: int = Field(default=5, ge=1)
    first_touches_per_day: int = Field(default=10, ge=1)
    form_first_touches_per_hour: int = Field(default=3000, ge=1)

    def link_keys(self) -> dict[LinkPurpose, list[str]]:
        return {
            LinkPurpose.CHAT: keys_of(self.link_keys_chat),
            LinkPurpose.UNSUBSCRIBE: keys_of(self.link_keys_unsubscribe),
            LinkPurpose.REPLY: keys_of(self.link_keys_reply),
            LinkPurpose.STAFF_LOGIN: keys_of(self.link_keys_login),
        }

    @property
    def first_touches(self) -> Limits:
        return Limits(
            self.first_touches_per_hour, self.first_touches_per_day, self.form_first_touches_per_hour
        )
