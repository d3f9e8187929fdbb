"""What the actions of notifier work with."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from shared.db.engine import Sessions
from shared.http.limits import Limits

from notifier.clients.house import House
from notifier.clients.smtp import SmtpClient
from notifier.clients.twilio import TwilioClient
from notifier.domain.stricter_states import StricterStates
from notifier.letters import Writer
from notifier.sequences import Sequences
from notifier.settings import Settings


@dataclass(frozen=True)
class Deps:
    """`wake` tells the sender that a tenant has something due now."""

    settings: Settings
    sessions: Sessions
    limits: Limits
    writer: Writer
    sequences: Sequences
    states: StricterStates
    smtp: SmtpClient
    twilio: TwilioClient
    house: House
    wake: Callable[[UUID], None]
