"""What the chat service reads from its environment, once."""

from pydantic import SecretStr
from pydantic_settings import SettingsConfigDict
from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """Without `anthropic_api_key` no model is ever called: the deterministic assistant answers.

    `quiet_seconds`: how long a customer must have stopped typing before an answer to text is kept, so that a burst gets
    one; until then it is shown as it grows, and dropped for what is typed next. A button is answered at once.
    `handoff_idle_minutes`: after so long without a word from anybody, a person's conversation is the assistant's again.
    """

    model_config = SettingsConfigDict(env_prefix="CHAT_", extra="ignore", frozen=True)

    port: int = 8102
    booking_url: str = "http://127.0.0.1:8103"
    anthropic_api_key: SecretStr | None = None
    anthropic_base_url: str | None = None
    anthropic_model: str = "claude-haiku-5-5"
    anthropic_first_token_seconds: float = 8
    anthropic_answer_seconds: float = 20
    quiet_seconds: float = 0.6
    handoff_idle_minutes: float = 60
