"""How a call to ShopMonkey fails; the class says whether something may have been written."""


class ShopMonkeyError(Exception):
    """Base of the ways in which a call fails."""


class Refused(ShopMonkeyError):
    """A definite no (4xx): the same call again gets the same answer."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code


class NotFound(Refused):
    """The record is not there, or not for this key."""


class Throttled(ShopMonkeyError):
    """Nothing was done. `retry_after_seconds` None: they did not say."""

    def __init__(self, retry_after_seconds: float | None) -> None:
        super().__init__(f"throttled, retry after {retry_after_seconds} s")
        self.retry_after_seconds = retry_after_seconds


class Unavailable(ShopMonkeyError):
    """No usable answer, and nothing was written: not reached, stopped at their endpoint, or a read went wrong."""


class OutcomeUnknown(ShopMonkeyError):
    """The write left us and no usable answer came: it may or may not have been done."""
