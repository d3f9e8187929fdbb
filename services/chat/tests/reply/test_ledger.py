"""What receipts prove now, what they no longer do, and how it is written."""

from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from chat.domain.language import Language
from chat.domain.receipts import Receipt
from chat.domain.reply.ledger import Setting, Unproved, ledger_of
from chat.domain.reply.render import catalog_price
from chat.domain.reply.tags import pieces
from chat.domain.values import Appointment, LeadFacts, ShopFacts
from shared.events import CatalogService

from .scenes import RECEIPTS, SHOP

NOW = datetime.fromisoformat("2026-11-23T09:00:00-08:00")
TUESDAY = {"start": "2026-11-24T10:00:00-08:00", "end": "2026-11-24T13:00:00-08:00", "label": "Tue"}
WEDNESDAY = {"start": "2026-11-25T22:30:00+00:00", "end": "2026-11-26T01:30:00+00:00", "label": "Wed"}
SUNDAY = {"start": "2026-11-29T09:00:00-08:00", "end": "2026-11-29T12:00:00-08:00", "label": "Sun"}
HOURS = {
    "timezone": "America/Los_Angeles",
    "open_now": True,
    "days": [
        {"date": f"2026-11-{day}", "spans": [{"opens": "09:00", "closes": "18:00"}]} for day in range(23, 28)
    ]
    + [
        {"date": "2026-11-28", "spans": [{"opens": "10:00", "closes": "16:00"}]},
        {"date": "2026-11-29", "spans": [], "note": "Stocktaking"},
    ],
}
EARLIER = NOW - timedelta(minutes=5)


def quote(cents: int = 44900, valid_until: str = "2026-11-30T17:00:00-08:00", **said: object) -> Receipt:
    service = {"code": "ceramic-full", "name": "Ceramic Window Tint"}
    facts = {"id": str(uuid4()), "service": service, "total_cents": cents, "valid_until": valid_until}
    return Receipt("get_quote", {**facts, **said})


def offer(*slots: dict[str, str], at: datetime | None = None, refused: bool = False) -> Receipt:
    return Receipt("find_slots", {"slots": list(slots)}, refused, at)


BOOKED = Appointment.model_validate(RECEIPTS["book"].result)


def written(
    text: str,
    *receipts: Receipt,
    language: Language = "en",
    now: datetime = NOW,
    appointment: Appointment | None = None,
    shop: ShopFacts = SHOP,
    vehicle_class: str | None = "sedan",
) -> str | None:
    """`None`: it cannot be."""
    setting = Setting(shop, LeadFacts(first_name="Sam"), now, vehicle_class, appointment)
    ledger = ledger_of(receipts, setting)
    try:
        return "".join(p if isinstance(p, str) else ledger.rendered(p, language) for p in pieces(text))
    except Unproved:
        return None


@pytest.mark.parametrize(
    ("text", "receipts", "en", "es"),
    [
        ("{price:q1}", [quote()], "$449.00", "$449.00"),
        ("{price:q1}", [quote(kind="from")], "from $449.00", "desde $449.00"),
        (
            "{price:q1}",
            [quote(kind="range", max_cents=129900)],
            "$449.00 to $1,299.00",
            "$449.00 a $1,299.00",
        ),
        ("{price:q2}", [quote(), quote(29900)], "$299.00", "$299.00"),
        ("{total:q1+q2}", [quote(), quote(29900)], "$748.00", "$748.00"),
        ("{total:q1+q2}", [quote(), quote(29900, kind="from")], "from $748.00", "desde $748.00"),
        ("{price:q1.2}", [RECEIPTS["get_quote_with_addon"]], "$60.00", "$60.00"),
        ("{price:carbon-full}", [], "$299.00", "$299.00"),
        ("{price:carbon-full/suv}", [], "$349.00", "$349.00"),
        ("{price:windshield-strip}", [], "$60.00", "$60.00"),
        ("{price:hood-ppf}", [], "from $699.00", "desde $699.00"),
        ("{price:fleet}", [], "price on request", "precio a consultar"),
        ("{duration:q1}", [quote()], "3 hours", "3 horas"),
        ("{duration:tint-removal}", [], "1 hour and 30 minutes", "1 hora y 30 minutos"),
        ("{valid:q1}", [quote()], "Monday, November 30", "lunes 30 de noviembre"),
        (
            "{time:s1.1}",
            [offer(TUESDAY)],
            "tomorrow, Tuesday, November 24, 10:00 AM",
            "mañana, martes 24 de noviembre, 10:00 a.\u00a0m.",
        ),
        (
            "{time:s1.1}",
            [offer(WEDNESDAY)],
            "Wednesday, November 25, 2:30 PM",
            "miércoles 25 de noviembre, 2:30 p.\u00a0m.",
        ),
        ("{closes:sat}", [Receipt("get_hours", HOURS)], "4:00 PM", "4:00 p.\u00a0m."),
        ("{opens:tomorrow}", [Receipt("get_hours", HOURS)], "9:00 AM", "9:00 a.\u00a0m."),
        (
            "{hours:2026-11-29}",
            [Receipt("get_hours", HOURS)],
            "Sunday, November 29, closed (Stocktaking)",
            "domingo 29 de noviembre, cerrado (Stocktaking)",
        ),
        (
            "{hours}",
            [Receipt("get_hours", HOURS)],
            "Monday to Friday 9:00 AM to 6:00 PM; Saturday 10:00 AM to 4:00 PM; Sunday closed (Stocktaking)",
            "lunes a viernes de 9:00 a.\u00a0m. a 6:00 p.\u00a0m.; sábado de 10:00 a.\u00a0m. a 4:00 p.\u00a0m.; domingo cerrado (Stocktaking)",
        ),
        ("{know:waiting}", [], "You are welcome to wait at the shop.", "Puede esperar en el taller."),
        ("{phone}", [], "(619) 555-0100", "(619) 555-0100"),
    ],
)
def test_a_fact_is_written_in_both_languages(text: str, receipts: list[Receipt], en: str, es: str) -> None:
    assert written(text, *receipts) == en
    assert written(text, *receipts, language="es") == es


@pytest.mark.parametrize(
    ("text", "receipts"),
    [
        ("{price:q1}", []),
        ("{price:q2}", [quote()]),
        ("{price:q1}", [quote(valid_until="2026-11-23T08:59:00-08:00")]),
        ("{price:gold}", []),
        ("{price:carbon-full/bus}", []),
        ("{price:q1.9}", [quote()]),
        ("{total:q1+q1}", [quote()]),
        ("{total:q1+fleet}", [quote()]),
        ("{duration:s1}", [offer(TUESDAY)]),
        ("{time:q1}", [quote()]),
        ("{time:s1.2}", [offer(TUESDAY)]),
        ("{time:s1.0}", [offer(TUESDAY)]),
        ("{time:s1.1}", [offer(TUESDAY, at=NOW - timedelta(hours=1))]),
        ("{times:s1}", [offer()]),
        ("{time:s1.1}", [offer(TUESDAY), offer(WEDNESDAY, refused=True)]),
        ("{time:s1.1}", [offer(TUESDAY), RECEIPTS["book"]]),
        ("{hours}", []),
        ("{hours}", [Receipt("get_hours", HOURS, at=NOW - timedelta(days=1))]),
        ("{opens:sun}", [Receipt("get_hours", HOURS)]),
        ("{know:warranty}", []),
        ("{appointment}", []),
        ("{link}", []),
    ],
)
def test_what_no_receipt_in_force_proves_cannot_be_written(text: str, receipts: list[Receipt]) -> None:
    assert written(text, *receipts) is None


def test_ids_stay_when_older_receipts_expire() -> None:
    old = quote(valid_until="2026-11-23T08:00:00-08:00")
    assert written("{price:q2}", old, quote(29900)) == "$299.00"
    stale = offer(TUESDAY, at=NOW - timedelta(hours=2))
    assert written("{times:s2}", stale, offer(WEDNESDAY, SUNDAY, at=EARLIER)) == (
        "Wednesday, November 25, 2:30 PM or Sunday, November 29, 9:00 AM"
    )


def test_a_search_may_give_its_times_ids_of_its_own() -> None:
    named = {
        "slots": [{**TUESDAY, "ref": "s1.1"}],
        "days": [{"first": {**TUESDAY, "ref": "s1.1"}, "last": {**WEDNESDAY, "ref": "s1.2"}}],
    }
    search = Receipt("find_slots", named)
    assert written("{times:s1}", search) == "tomorrow, Tuesday, November 24, 10:00 AM"
    assert written("{time:s1.2}", search) == "Wednesday, November 25, 2:30 PM"


def test_a_time_that_has_passed_is_not_open() -> None:
    assert written("{times:s1}", offer(TUESDAY), now=NOW + timedelta(days=2)) is None


def test_an_appointment_is_said_as_booking_knows_it() -> None:
    said = written("{appointment:time}, {appointment:number}, {link}", appointment=BOOKED)
    assert said == "tomorrow, Tuesday, November 24, 10:00 AM, S-1001, http://127.0.0.1/m/sample"
    cancelled = BOOKED.model_copy(update={"status": "cancelled"})
    assert written("{appointment}", RECEIPTS["book"], appointment=cancelled) is None


@pytest.mark.parametrize(
    ("receipts", "appointment", "deeds"),
    [
        ([], None, set()),
        ([RECEIPTS["hold_slot"]], None, {"held"}),
        ([RECEIPTS["book"]], BOOKED, {"booked"}),
        ([RECEIPTS["hold_slot"], RECEIPTS["book"]], BOOKED, {"booked"}),
        ([RECEIPTS["book"], RECEIPTS["move_appointment"]], BOOKED, {"booked", "moved"}),
        ([Receipt("book", {}, refused=True)], None, set()),
        ([RECEIPTS["book"]], BOOKED.model_copy(update={"status": "cancelled"}), {"cancelled"}),
    ],
)
def test_deeds_that_stand(receipts: list[Receipt], appointment: Appointment | None, deeds: set[str]) -> None:
    setting = Setting(SHOP, LeadFacts(first_name="Sam"), NOW, "sedan", appointment)
    assert ledger_of(receipts, setting).deeds == deeds


def test_a_hold_that_ran_out_holds_nothing() -> None:
    setting = Setting(SHOP, LeadFacts(first_name="Sam"), NOW + timedelta(minutes=11))
    assert not ledger_of([RECEIPTS["hold_slot"]], setting).deeds


CLASSED = CatalogService.model_validate(
    {
        **SHOP.catalog.services[0].model_dump(),
        "code": "hood",
        "price": {"kind": "range", "amount_cents": 50000, "max_cents": 90000},
        "class_prices": [{"vehicle_class": "suv", "amount_cents": 60000}],
        "addons": [
            {
                "code": "visor",
                "name": "Visor",
                "amount_cents": 4000,
                "class_prices": [{"vehicle_class": "suv", "amount_cents": 7000}],
            }
        ],
    }
)


@pytest.mark.parametrize(
    ("text", "vehicle_class", "said"),
    [
        ("{price:visor}", "suv", "$70.00"),
        ("{price:visor}", "sedan", "$40.00"),
        ("{price:visor/suv}", "sedan", "$70.00"),
        ("{price:visor/suv}", None, "$70.00"),
        ("{price:visor/bus}", "sedan", None),
        ("{price:visor}", None, None),
        ("{price:hood}", None, "$500.00 to $900.00"),
        ("{price:hood/suv}", None, "from $600.00"),
    ],
)
def test_a_price_is_of_its_class(text: str, vehicle_class: str | None, said: str | None) -> None:
    catalog = SHOP.catalog.model_copy(update={"services": (CLASSED,)})
    shop = SHOP.model_copy(update={"catalog": catalog})
    assert written(text, shop=shop, vehicle_class=vehicle_class) == said


def test_an_estimate_over_all_classes_begins_at_the_lowest() -> None:
    service = CLASSED.model_copy(
        update={"price": CLASSED.price.model_copy(update={"kind": "from", "max_cents": None})}
    )
    assert catalog_price(service, None) == "from $500.00"


@pytest.mark.parametrize("kind", ["from", "range"])
def test_a_line_is_no_firmer_than_its_quote(kind: str) -> None:
    lines = [{"label": "Ceramic", "amount_cents": 44900}, {"label": "Strip", "amount_cents": 6000}]
    quoted = quote(kind=kind, max_cents=90000, lines=lines)
    assert written("{price:q1.1}", quoted) == "from $449.00"
    (line,) = ledger_of([quoted], Setting(SHOP, LeadFacts(first_name="Sam"), NOW)).lines()
    assert "{price:q1.1} = from $449.00" in line


CARBON = quote(29900, service={"code": "carbon-full", "name": "Carbon Window Tint"}, car="Honda Civic")


@pytest.mark.parametrize(
    ("later", "stands"),
    [
        (quote(car="Honda Civic"), True),
        (quote(car="Chevrolet Tahoe", vehicle_class="suv"), False),
        (CARBON, False),
    ],
)
def test_times_are_open_for_the_job_that_they_were_found_for(later: Receipt, *, stands: bool) -> None:
    search = Receipt("find_slots", {"quote": "q1", "slots": [TUESDAY]})
    receipts = [quote(car="Honda Civic"), search, later]
    assert (written("{time:s1.1}", *receipts) is not None) is stands
    assert (written("{times:s1}", *receipts) is not None) is stands
    again = Receipt("find_slots", {"quote": "q2", "slots": [WEDNESDAY]})
    assert written("{times:s2}", *receipts, again) == "Wednesday, November 25, 2:30 PM"


def test_times_are_listed_with_their_job() -> None:
    search = Receipt("find_slots", {"quote": "q1", "slots": [TUESDAY]})
    setting = Setting(SHOP, LeadFacts(first_name="Sam"), NOW)
    _, line = ledger_of([CARBON, search], setting).lines()
    assert line.startswith(
        "s1: open times for q1, Carbon Window Tint (carbon-full), Honda Civic, all of them {times:s1}"
    )
