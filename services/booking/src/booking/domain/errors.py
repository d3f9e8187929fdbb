"""Why booking says no; the endpoints turn these into answers, `code` is what machines read."""

from collections.abc import Sequence

from booking.domain.slots import Refusal, Slot


class BookingError(Exception):
    """`code` is stable, the message is for people."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class InvalidLink(BookingError):
    """Forged, expired or meant for something else: the caller must not learn which."""

    def __init__(self) -> None:
        super().__init__("invalid_link", "This link is not valid any more.")


class NotFound(BookingError):
    """There is no such thing, or it is not the caller's: both are told in the same words."""

    def __init__(self) -> None:
        super().__init__("not_found", "This link is not valid any more.")


class NotReady(BookingError):
    """A lead or location has not arrived here yet; it is on its way."""

    def __init__(self) -> None:
        super().__init__("not_ready", "This is not ready yet; please try again in a second.")


class LocationUnknown(BookingError):
    def __init__(self, detail: str, errors: Sequence[dict[str, object]] = ()) -> None:
        super().__init__("location_unknown", detail)
        self.errors = list(errors)


class KeyReused(BookingError):
    def __init__(self) -> None:
        super().__init__(
            "idempotency_key_reused", "This Idempotency-Key was used for another request; use a new one."
        )


class ChatLinkNeeded(BookingError):
    """A manage link is for its one appointment."""

    def __init__(self) -> None:
        super().__init__("chat_link_needed", "Use the chat link to make a new booking.")


class ReadOnly(BookingError):
    """The member of staff may look, and not act."""

    def __init__(self) -> None:
        super().__init__("read_only", "Your role may look, and not act.")


class LocationNotYours(BookingError):
    """There is no such location, or the member of staff does not work there."""

    def __init__(self) -> None:
        super().__init__("not_found", "There is no such location where you work.")


class AppointmentCancelled(BookingError):
    def __init__(self) -> None:
        super().__init__("appointment_cancelled", "This appointment was cancelled; book a new one instead.")


class Refused(BookingError):
    """The wish breaks a rule that holds whoever asks."""


class UnknownService(Refused):
    def __init__(self, wanted: str) -> None:
        super().__init__("unknown_service", f"service: {wanted[:60]!r} is not offered at this location.")


class UnknownAddon(Refused):
    def __init__(self, code: str) -> None:
        super().__init__("unknown_addon", f"addons: {code[:60]!r} is not offered with this service.")


class TierNeeded(Refused):
    def __init__(self, family: str, tiers: Sequence[str]) -> None:
        super().__init__("tier_needed", f"tier: {family[:60]!r} comes in {_listed(tiers)}; name one.")


class UnknownTier(Refused):
    """`tiers` are those that there are."""

    def __init__(self, wanted: str, tiers: Sequence[str]) -> None:
        there = f"there is {_listed(tiers)}" if tiers else "this service comes in one way only"
        super().__init__("unknown_tier", f"tier: {wanted[:60]!r} is not offered; {there}.")


def _listed(tiers: Sequence[str]) -> str:
    return ", ".join(sorted(tiers))


class UnknownVehicleClass(Refused):
    def __init__(self, name: str) -> None:
        super().__init__("unknown_vehicle_class", f"vehicle_class: {name[:60]!r} is not a vehicle class.")


class PriceOnRequest(Refused):
    def __init__(self, service: str) -> None:
        super().__init__("price_on_request", f"The shop names the price of {service} for each vehicle.")


class QuoteExpired(Refused):
    def __init__(self) -> None:
        super().__init__("quote_expired", "This quote is not valid any more; ask for a new one.")


class AlreadyBooked(Refused):
    def __init__(self) -> None:
        super().__init__(
            "already_booked",
            "start: there is an appointment of yours at that time already; move or cancel it first.",
        )


class TooManyBookings(Refused):
    def __init__(self, limit: int) -> None:
        super().__init__("too_many_bookings", f"There are {limit} appointments already; cancel one first.")


_WHY = {
    Refusal.IN_PAST: "start: this time is in the past.",
    Refusal.TOO_SOON: "start: the shop needs more notice than that.",
    Refusal.TOO_FAR: "start: this is further ahead than the shop takes bookings.",
    Refusal.CLOSED: "start: the shop is closed on that day.",
    Refusal.OFF_GRID: "start: appointments do not start at that minute.",
    Refusal.OUTSIDE_HOURS: "start: the job does not fit into the shop's hours then.",
}


class HasBegun(Refused):
    """The appointment can no longer be changed."""

    def __init__(self) -> None:
        super().__init__(Refusal.IN_PAST.value, _WHY[Refusal.IN_PAST])


class NotBegun(Refused):
    """Who is still expected cannot have failed to come."""

    def __init__(self) -> None:
        super().__init__("not_begun", "The appointment has not begun yet: cancel it, or wait.")


class NotThen(BookingError):
    """Another time may do; `alternatives` are bookable now."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(code, detail)
        self.alternatives: list[Slot] = []


class TimeRefused(NotThen, Refused):
    def __init__(self, why: Refusal) -> None:
        super().__init__(why.value, _WHY[why])


class SlotTaken(NotThen):
    """Somebody else has the last bay."""

    def __init__(self) -> None:
        super().__init__("slot_taken", "This time has just been taken.")
