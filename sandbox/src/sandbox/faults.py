"""Which fault a vendor shows next: seeded, so that a run repeats."""

import random
from typing import Literal, get_args

from pydantic import BaseModel, Field

Vendor = Literal["shopmonkey", "twilio", "anthropic", "smtp", "meta"]
VENDORS: tuple[Vendor, ...] = get_args(Vendor)
Mode = Literal[
    "none",
    "status",
    "timeout",
    "timeout_after_commit",
    "slow",
    "malformed",
    "html_403",
    "html_200",
    "drop_rows",
    "disconnect",
]


class Fault(BaseModel):
    """`seconds`: how long a slow answer waits (2 when left out) or a timeout hangs (60 when left out).

    `after_commit`: with `status` and HTTP vendors the request is carried out before it is answered so.
    `only`: a method and how the path ends (`POST /order`); other requests are spared.
    """

    mode: Mode = "none"
    status: int = Field(default=503, ge=400, le=599)
    retry_after: int | None = Field(default=None, ge=0)
    after_commit: bool = False
    rate: float = Field(default=1.0, ge=0, le=1)
    seconds: float | None = Field(default=None, ge=0)
    only: str | None = None

    def hits(self, request: str) -> bool:
        method, _, end = (self.only or "").partition(" ")
        return request.startswith(method) and request.endswith(end)

    @property
    def slow_seconds(self) -> float:
        return 2.0 if self.seconds is None else self.seconds

    @property
    def hang_seconds(self) -> float:
        return 60.0 if self.seconds is None else self.seconds


NO_FAULT = Fault()


class WebhookFaults(BaseModel):
    """What becomes of ShopMonkey's webhooks on their way: so many are lost or come twice, each up to so late that they overtake."""

    lose: float = Field(default=0, ge=0, le=1)
    double: float = Field(default=0, ge=0, le=1)
    late_seconds: float = Field(default=0, ge=0, le=60)


class Faults:
    """The fault set for each vendor and the dice that decide which request it hits."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._faults: dict[Vendor, Fault] = {}
        self._dice: dict[Vendor, random.Random] = {}
        self.webhooks = WebhookFaults()
        self._webhook_dice = random.Random(f"{seed}:webhooks")

    def put(self, vendor: Vendor, fault: Fault) -> None:
        """Starts the vendor's dice anew: the same fault put again hits the same requests."""
        self._faults[vendor] = fault
        self._dice[vendor] = random.Random(f"{self._seed}:{vendor}")

    def get(self, vendor: Vendor) -> Fault:
        return self._faults.get(vendor, NO_FAULT)

    def dice(self, vendor: Vendor) -> random.Random:
        return self._dice.setdefault(vendor, random.Random(f"{self._seed}:{vendor}"))

    def roll(self, vendor: Vendor, request: str = "") -> Fault:
        """The fault this request (`POST /shopmonkey/v3/order`) meets; `mode` is "none" when it is spared."""
        fault = self.get(vendor)
        if fault.mode == "none" or not fault.hits(request) or self.dice(vendor).random() >= fault.rate:
            return NO_FAULT
        return fault

    def webhook_waits(self) -> list[float]:
        """The seconds until each delivery of one webhook: none of a lost one, two of a doubled one."""
        dice, wanted = self._webhook_dice, self.webhooks
        count = 0 if dice.random() < wanted.lose else 1 + (dice.random() < wanted.double)
        return [dice.random() * wanted.late_seconds for _ in range(count)]
