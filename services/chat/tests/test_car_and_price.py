"""What is read back and booked is the car that booking priced, at the kind of price that it gave."""

from datetime import datetime
from uuid import uuid4

import pytest
from chat.actions.tools import Tools
from chat.domain.conversation import Facts
from chat.domain.reply.render import catalog_price
from chat.domain.values import Quote, ShopFacts
from shared.events import CatalogService, ClassPrice, Price, Vehicle

pytestmark = pytest.mark.postgres

FORD = Vehicle(year=2019, make="Ford", model="F-150", vehicle_class="truck").model_dump()
SUV = Vehicle(vehicle_class="suv").model_dump()
WORDS = {
    "en": {
        "first": "how much?",
        "yes": "yes",
        "car": "for your 2019 Ford F-150",
        "class": "for an SUV",
        "from": "from $449.00, final price after inspection",
        "range": "$449.00 to $699.00, final price after inspection",
    },
    "es": {
        "first": "¿Cuánto cuesta?",
        "yes": "sí, por favor",
        "car": "para su 2019 Ford F-150",
        "class": "para una SUV",
        "from": "desde $449.00, precio final tras la inspección",
        "range": "$449.00 a $699.00, precio final tras la inspección",
    },
}


async def slot_of(chat):
    offer = await chat.answer_to_press("pick_time")
    [slots] = [part for part in offer.parts if part["kind"] == "slots"]
    return slots["slots"][0]["action"]


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize(("vehicle", "car"), [(FORD, "car"), (SUV, "class")])
@pytest.mark.parametrize("kind", ["exact", "from", "range"])
async def test_read_back_and_card_have_the_car_and_the_price_of_the_quote(chat, language, vehicle, car, kind):
    chat.desk.quoted_as = {
        "vehicle": vehicle,
        "vehicle_class": vehicle["vehicle_class"],
        "kind": kind,
        "max_cents": 69900 if kind == "range" else None,
    }
    words = WORDS[language]
    said = f"{words[car]}, {words.get(kind, '$449.00')}, "
    priced = await chat.answer_to(words["first"])
    assert words[car] in priced.text
    [shown] = [part["quote"] for part in priced.parts if part["kind"] == "quote"]
    assert (shown["kind"], shown["max_cents"], shown["vehicle"]) == (
        kind,
        chat.desk.quoted_as["max_cents"],
        vehicle,
    )
    assert said in (await chat.answer_to_press(await slot_of(chat))).text
    booked = await chat.answer_to(words["yes"])
    assert said in booked.text
    [card] = [part["appointment"] for part in booked.parts if part["kind"] == "appointment"]
    assert (card["vehicle"], card["price"]["kind"]) == (vehicle, kind)
    assert not any("Civic" in message.text for message in (await chat.messages())[1:])


@pytest.mark.parametrize("language", ["en", "es"])
async def test_the_confirmation_names_all_that_its_price_is_for(chat, language):
    tint = {"code": "ceramic-full", "name": "Full ceramic tint", "name_es": "Polarizado completo"}
    chat.desk.quoted_as = {
        "service": {**tint, "addons": [{"name": "Old film removal", "name_es": ""}]},
        "lines": [
            {"label": "Full ceramic tint", "amount_cents": 39900},
            {"label": "Old film removal", "amount_cents": 12000},
        ],
        "total_cents": 51900,
    }
    await chat.answer_to(WORDS[language]["first"])
    held = await chat.answer_to_press(await slot_of(chat))
    booked = await chat.answer_to(WORDS[language]["yes"])
    both = {"en": "Full ceramic tint + Old film removal", "es": "Polarizado completo + Old film removal"}
    for said in (held.text, booked.text):
        assert both[language] in said
        assert "$519.00" in said
    [card] = [part["appointment"] for part in booked.parts if part["kind"] == "appointment"]
    assert card["service"]["name"] == both[language]


async def test_a_quote_is_asked_for_the_car_named_and_renewed_for_it_and_its_receipt_has_no_typed_word(
    chat, deps
):
    typed = Vehicle(year=2019, make="Ford evil.example", model="F-150", vehicle_class="truck")
    chat.desk.quoted_as = {"vehicle": typed.model_dump(), "valid_until": "2026-01-01T00:00:00Z"}
    shop = ShopFacts(name="Shop", timezone="America/Los_Angeles", address="1 Sample St", phone="+16195550100")
    tools = Tools(
        link=chat.lead,
        conversation_id=uuid4(),
        shop=shop,
        facts=Facts(),
        now=deps.now(),
        yes=False,
        booking=deps.booking,
    )
    tools.set_vehicle(typed)
    await tools.get_quote("ceramic-full")
    tools.now = datetime.fromisoformat("2027-01-01T00:00:00Z")
    await tools.hold_slot(chat.desk.starts()[0])
    asked = [body.get("vehicle") for _, path, body, _ in chat.desk.calls if path == "/quotes"]
    assert asked == [{"year": 2019, "make": "Ford evil.example", "model": "F-150"}] * 2
    assert [receipt.result["car"] for receipt in tools.receipts if receipt.tool == "get_quote"] == [
        "2019 Ford"
    ] * 2
    assert "evil" not in str([receipt.result for receipt in tools.receipts])
    assert "evil" not in str([quote.vehicle for quote in tools.quotes.values()])


def test_an_old_quote_and_a_list_of_estimates_say_what_they_are() -> None:
    old = Quote.model_validate(
        {"id": uuid4(), "service": {"code": "c", "name": "C"}, "valid_until": "2026-11-30T17:00:00-08:00"}
        | {"total_cents": 79900, "kind": "range"}
    )
    assert old.price == Price(kind="range", amount_cents=79900)
    service = CatalogService(
        id="1",
        code="c",
        name="C",
        description="",
        price=Price(kind="from", amount_cents=89900),
        class_prices=(ClassPrice(vehicle_class="suv", amount_cents=89900),),
        duration_minutes=60,
    )
    assert {catalog_price(service, name, "es") for name in (None, "suv", "van")} == {"desde $899.00"}
