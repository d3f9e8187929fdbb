"""What the chat service reads from its environment, once."""

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict
from shared.http.staff import StaffSettings
from shared.secrets import Keys

from chat.holdings import RETENTION
from chat.limits import LIMITS


class Settings(StaffSettings):
    """`link_keys_chat` are those of booking and notifier.

    Without `anthropic_api_key` no model is ever called: the deterministic assistant answers.

    `anthropic_stronger_model` is asked where nothing of an answer could be shown and where the usual one twice gave no answer; empty: nobody.

    `claim_chance`: from there on a sentence without a tag is taken to claim something, and the judge (a second small call)
    decides; without `judge`, or after `judge_seconds`, it is dropped.

    `quiet_seconds`: how long a customer must have stopped typing before an answer to text is kept, so that a burst gets
    one; until then it is shown as it grows, and dropped for what is typed next. A button is answered at once.
    `handoff_idle_minutes`: after so long without a word from anybody, a person's conversation is the assistant's again.
    """

    model_config = SettingsConfigDict(env_prefix="CHAT_", extra="ignore", frozen=True)

    own_limits = LIMITS
    own_retention = RETENTION

    port: int = 8102
    link_keys_chat: Keys
    booking_url: str = "http://127.0.0.1:8103"
    anthropic_api_key: SecretStr | None = None
    anthropic_base_url: str | None = None
    anthropic_model: str = "claude-haiku-5-5"
    anthropic_stronger_model: str = "claude-sonnet-5-5"
    anthropic_first_token_seconds: float = 8
    anthropic_answer_seconds: float = 20
    judge: bool = True
    judge_seconds: float = Field(default=1.5, gt=0)
    claim_chance: float = Field(default=0.4, gt=0, le=1)
    quiet_seconds: float = 0.6
    handoff_idle_minutes: float = 60
    streams_per_lead: int = Field(default=20, ge=1)
    streams_per_member: int = Field(default=20, ge=1)
    streams_per_ip: int = Field(default=2000, ge=1)
    streams_per_tenant: int = Field(default=3000, ge=1)
    streams: int = Field(default=5000, ge=1)
    """Open at once in one process."""

    def stream_caps(self) -> dict[str, int]:
        return {
            "streams_per_lead": self.streams_per_lead,
            "streams_per_member": self.streams_per_member,
            "streams_per_ip": self.streams_per_ip,
            "streams_per_tenant": self.streams_per_tenant,
            "streams": self.streams,
        }
