"""What the tools tell, refuse and keep: of the car spoken of, of open times, of the job that a time is for."""

import json
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from chat import store
from chat.actions.assistant import Turn
from chat.actions.records import lead_facts, own_vehicle, receipt_of, scene_of
from chat.actions.steps import Steps
from chat.actions.toolbox import use
from chat.actions.tools import DayDoubtful, NotPossible, Tools, VehicleUnknown
from chat.clients.booking import BookingAway, BookingRefused
from chat.domain.catalog import match_service
from chat.domain.receipts import start_named
from chat.domain.values import LeadFacts
from chat.domain.wishes import Wish
from shared.db.engine import transaction
from shared.events import Vehicle

pytestmark = pytest.mark.postgres

JEEP = Vehicle(year=2014, make="Jeep", model="Wrangler")
ZONE = ZoneInfo("America/Los_Angeles")


@pytest.fixture
async def tools(chat) -> Tools:
    """As for the next answer."""
    async with transaction(chat.deps.sessions, chat.lead.tenant_id) as session:
        scene = await scene_of(session, chat.lead.tenant_id, chat.lead.subject_id)
    lead = lead_facts(scene.lead, scene.shop)
    return Tools(
        link=chat.lead,
        conversation_id=scene.conversation.id,
        shop=scene.shop,
        facts=scene.facts,
        now=chat.deps.now(),
        yes=False,
        booking=chat.deps.booking,
        own_vehicle=own_vehicle(lead, scene.shop),
    )


def told(tools: Tools) -> dict:
    """As it is stored."""
    return json.loads(json.dumps(dict(tools.receipts[-1].result)))


def quotes_asked(chat) -> list[tuple]:
    bodies = [body for method, path, body, _ in chat.desk.calls if (method, path) == ("POST", "/quotes")]
    return [((body.get("vehicle") or {}).get("model"), body["vehicle_class"]) for body in bodies]


class TestCars:
    async def test_the_car_said_is_quoted_held_and_booked_in_place_of_the_leads(self, chat, tools):
        assert tools.set_vehicle(JEEP).vehicle_class == "suv"
        assert told(tools) == {"car": "2014 Jeep Wrangler", "vehicle_class": "suv", "choices": []}
        quote = await tools.get_quote("ceramic-full")
        assert (quote.total_cents, told(tools)["car"]) == (52900, "2014 Jeep Wrangler")
        await tools.find_slots(Wish())
        await tools.hold_slot(chat.desk.starts()[0])
        tools.yes = True
        assert (await tools.book()).vehicle == JEEP.model_copy(update={"vehicle_class": "suv"})

    async def test_a_car_whose_class_nobody_knows_is_asked_for_and_not_priced(self, chat, tools):
        tools.set_vehicle(Vehicle(make="BMW", model="4 Series"))
        assert told(tools)["choices"] == ["coupe", "sedan", "suv", "truck", "van"]
        with pytest.raises(VehicleUnknown):
            await tools.get_quote("ceramic-full")
        assert quotes_asked(chat) == []
        tools.set_vehicle(Vehicle(vehicle_class="coupe"))
        assert told(tools)["car"] == "BMW 4 Series"
        await tools.get_quote("ceramic-full")
        assert quotes_asked(chat) == [("4 Series", "coupe")]

    async def test_the_class_is_the_models_whatever_the_customer_calls_it(self, tools):
        assert tools.set_vehicle(JEEP.model_copy(update={"vehicle_class": "sedan"})).vehicle_class == "suv"

    async def test_a_quote_does_not_stick_to_the_next_car(self, chat, tools):
        await tools.get_quote("ceramic-full", "suv")
        tools.set_vehicle(Vehicle(make="Toyota", model="Camry"))
        assert (tools.facts.quote, tools.facts.vehicle_class) == (None, "sedan")
        await tools.find_slots(Wish())
        assert quotes_asked(chat) == [(None, "suv"), ("Camry", "sedan")]

    async def test_two_cars_have_their_quotes_and_each_can_be_held(self, chat, tools):
        await tools.get_quote("ceramic-full")
        tools.set_vehicle(JEEP)
        await tools.get_quote("ceramic-full")
        cars = {ref: quote.vehicle.named for ref, quote in tools.quotes.items()}
        assert cars == {"q1": "2021 Honda Civic", "q2": "2014 Jeep Wrangler"}
        await tools.hold_slot(chat.desk.starts()[0], quote="q1")
        assert (tools.facts.quote.vehicle.named, tools.facts.vehicle_class) == ("2021 Honda Civic", "sedan")
        tools.yes = True
        assert (await tools.book()).vehicle.named == "2021 Honda Civic"

    @pytest.mark.parametrize(
        "said", [{"make": "Honda"}, {"model": "Civic"}, {"year": 2021}, {"vehicle_class": "sedan"}]
    )
    async def test_words_that_mean_the_car_at_hand_change_nothing(self, tools, said):
        await tools.get_quote("ceramic-full")
        before = tools.facts
        tools.set_vehicle(Vehicle(**said))
        assert tools.facts == before

    async def test_the_own_car_is_gone_back_to(self, tools):
        tools.set_vehicle(JEEP)
        assert tools.set_vehicle(Vehicle(model="Civic")).named == "2021 Honda Civic"

    async def test_in_the_chat_a_car_that_nobody_knows_is_asked_for_once_and_never_priced_as_the_form_s(
        self, chat
    ):
        first = await chat.answer_to("it's a 1993 Lada Niva, how much for ceramic")
        assert "Civic" not in first.text
        assert first.text.endswith("What kind of vehicle is it?")
        again = await chat.answer_to("how much is ceramic tint?")
        assert "What kind of vehicle" not in again.text
        assert "SUV: $529.00" in again.text
        assert "Sedan: $449.00" in again.text
        third = await chat.answer_to_press("pick_time")
        assert "What kind of vehicle" not in third.text

    async def test_in_the_chat_a_jeep_over_the_forms_civic_books_the_jeep(self, chat):
        priced = await chat.answer_to("how much is ceramic tint for my 2014 Jeep Wrangler?")
        assert "for your 2014 Jeep Wrangler is $529.00" in priced.text
        [slots] = [p for p in (await chat.answer_to_press("pick_time")).parts if p["kind"] == "slots"]
        read_back = await chat.answer_to_press(slots["slots"][0]["action"])
        assert "for your 2014 Jeep Wrangler, $529.00" in read_back.text
        booked = await chat.answer_to("yes")
        [card] = [part["appointment"] for part in booked.parts if part["kind"] == "appointment"]
        assert card["vehicle"] == JEEP.model_dump() | {"vehicle_class": "suv"}
        assert "Civic" not in booked.text

    async def test_two_cars_in_one_message_get_a_price_each(self, chat):
        words = "how much is ceramic tint for a 2014 Jeep Wrangler and a 2020 Toyota Camry?"
        reply = await chat.answer_to(words)
        assert "for your 2014 Jeep Wrangler is $529.00" in reply.text
        assert "for your 2020 Toyota Camry is $449.00" in reply.text
        quotes = [part["quote"] for part in reply.parts if part["kind"] == "quote"]
        assert [quote["vehicle"]["model"] for quote in quotes] == ["Wrangler", "Camry"]


class TestOpenTimes:
    @pytest.fixture(autouse=True)
    def hours(self, chat):
        chat.desk.hours = (9, 11, 13, 15)

    def day(self, chat, n: int) -> date:
        return chat.desk.starts()[4 * n].date()

    async def test_a_day_is_told_with_how_many_first_last_and_those_asked_for(self, chat, tools):
        await tools.get_quote("ceramic-full")
        day = self.day(chat, 1)
        offer = await tools.find_slots(Wish(day=day, not_before=time(13)))
        [row] = told(tools)["days"]
        assert (row["date"], row["weekday"], row["open"], row["matching"]) == (
            day.isoformat(),
            f"{day:%A}",
            4,
            2,
        )
        assert [datetime.fromisoformat(row[end]["start"]).hour for end in ("first", "last")] == [13, 15]
        assert [slot.start.hour for slot in offer.slots.slots] == [13, 15]

    async def test_nothing_that_late_is_a_fact_with_the_nearest_times(self, chat, tools):
        await tools.get_quote("ceramic-full")
        day = self.day(chat, 1)
        offer = await tools.find_slots(Wish(day=day, part="evening"))
        assert not offer.asked_for
        assert told(tools)["slots"] == []
        assert told(tools)["days"][0]["matching"] == 0
        nearest = [datetime.fromisoformat(slot["start"]) for slot in told(tools)["nearest"]]
        assert max(nearest) == datetime.combine(day, time(15), ZONE)
        assert {start.date() for start in nearest} == {day}

    async def test_evenings_of_no_special_day_are_answered_with_the_latest_times(self, chat, tools):
        await tools.get_quote("ceramic-full")
        offer = await tools.find_slots(Wish(part="evening"))
        assert [slot.start.hour for slot in offer.slots.slots] == [15, 15, 15]

    async def test_the_latest_of_a_range_on_its_weekdays(self, chat, tools):
        await tools.get_quote("ceramic-full")
        days = [self.day(chat, n) for n in (0, 4)]
        on = days[1].weekday()
        offer = await tools.find_slots(
            Wish(span=(days[0], days[1]), weekdays=frozenset({on}), order="latest")
        )
        assert {slot.start.date() for slot in offer.slots.slots} == {days[1]}
        assert offer.slots.slots[-1].start.hour == 15

    async def test_the_latest_are_the_latest_hours_of_the_nearest_days(self, chat, tools):
        chat.desk.days = 10
        await tools.get_quote("ceramic-full")
        offer = await tools.find_slots(Wish(order="latest"))
        starts = [slot.start.astimezone(ZONE) for slot in offer.slots.slots]
        assert [start.hour for start in starts] == [15, 15, 15]
        assert [start.date() for start in starts] == [self.day(chat, n) for n in (0, 1, 2)]

    async def test_an_answer_that_is_cut_says_how_much_is_left_out(self, chat, tools):
        chat.desk.days = 10
        await tools.get_quote("ceramic-full")
        await tools.find_slots(Wish())
        slots, also, more = (told(tools)[name] for name in ("slots", "also", "more"))
        assert (len(slots), len(also), more) == (3, 9, 28)
        assert len({slot["start"] for slot in [*slots, *also]}) == 12
        assert sum(day["open"] for day in told(tools)["days"]) == 40

    async def test_a_range_is_one_call_to_booking(self, chat, tools):
        await tools.get_quote("ceramic-full")
        chat.desk.calls.clear()
        first = self.day(chat, 0)
        await tools.find_slots(Wish(span=(first, first + timedelta(days=30)), not_before=time(13)))
        assert [path for _, path, _, _ in chat.desk.calls] == ["/slots"]

    async def test_a_day_that_is_over_is_not_searched(self, tools):
        await tools.get_quote("ceramic-full")
        over = tools.now.astimezone(ZONE).date() - timedelta(days=400)
        with pytest.raises(NotPossible, match="is over"):
            await tools.find_slots(Wish(day=over))

    async def test_a_time_has_a_short_name_that_holds_it(self, chat, tools):
        await tools.get_quote("ceramic-full")
        await tools.find_slots(Wish(order="earliest"))
        named = told(tools)["slots"][1]["ref"]
        await tools.find_slots(Wish(order="latest"))
        assert (named, start_named(tools.receipts, named)) == ("s1.2", chat.desk.starts()[1])
        await use(tools, "hold_slot", {"start": named})
        assert tools.facts.hold.start == chat.desk.starts()[1]

    async def test_a_model_asks_for_a_service_a_range_and_an_order_at_once(self, chat, tools):
        day = self.day(chat, 2)
        wanted = {"service": "carbon-full", "from_date": f"{day}", "to_date": f"{day}", "after": "11:00"}
        used = await use(tools, "find_slots", wanted | {"order": "latest", "weekdays": [f"{day:%A}".lower()]})
        assert [datetime.fromisoformat(slot["start"]).hour for slot in used.result["slots"]] == [11, 13, 15]
        assert {part.kind for part in used.parts.values()} == {"slots", "quote"}


class TestWhatIsRefused:
    async def test_a_time_that_the_customer_refused_is_not_offered_again(self, chat):
        offered = await chat.answer_to_press("pick_time")
        [slots] = [part for part in offered.parts if part["kind"] == "slots"]
        await chat.answer_to_press(slots["slots"][0]["action"])
        for press in ("confirm:no", "pick_time"):
            again = await chat.answer_to_press(press)
            [others] = [part for part in again.parts if part["kind"] == "slots"]
            assert slots["slots"][0]["start"] not in {slot["start"] for slot in others["slots"]}

    async def test_a_refused_time_is_there_for_who_asks_for_it(self, chat, tools):
        await tools.get_quote("ceramic-full")
        start = chat.desk.starts()[0]
        await tools.hold_slot(start)
        tools.let_go()
        offer = await tools.find_slots(Wish(day=start.date(), at=start.timetz().replace(tzinfo=None)))
        assert [slot.start for slot in offer.slots.slots] == [start]

    async def test_where_only_the_refused_time_is_open_nothing_else_is_said_to_be(self, chat):
        chat.desk.days, chat.desk.hours = 1, (10,)
        offered = await chat.answer_to_press("pick_time")
        [slots] = [part for part in offered.parts if part["kind"] == "slots"]
        await chat.answer_to_press(slots["slots"][0]["action"])
        reply = await chat.answer_to_press("confirm:no")
        assert "another open time" in reply.text
        assert [part["kind"] for part in reply.parts] == ["actions"]

    @pytest.mark.parametrize("later", [(), ("10 works",)])
    async def test_a_day_and_weekday_that_disagree_hold_nothing(self, chat, tools, later):
        await tools.get_quote("ceramic-full")
        start = chat.desk.starts()[0]
        wrong = start + timedelta(days=1)
        tools.words = (f"{wrong:%A} {start:%B} {start.day} at 10 please", *later)
        await tools.find_slots(Wish())
        assert (
            f"{start:%B} {start.day}, {start.year} is a {start:%A}, not a {wrong:%A}" in told(tools)["doubt"]
        )
        with pytest.raises(DayDoubtful, match=f"is a {start:%A}, not a {wrong:%A}"):
            await use(tools, "hold_slot", {"start": start.isoformat()})
        assert chat.desk.holds == {}
        tools.words = (*tools.words[-1:], f"I mean {start:%A}")
        await tools.hold_slot(start)
        assert len(chat.desk.holds) == 1

    async def test_a_date_of_a_year_that_is_over_holds_nothing(self, chat, tools):
        await tools.get_quote("ceramic-full")
        start = chat.desk.starts()[0]
        tools.words = (f"can I come {start:%B} {start.day}, {start.year - 2}?",)
        await tools.find_slots(Wish(day=start.date()))
        assert f"{start.year - 2} is over" in told(tools)["doubt"]
        with pytest.raises(DayDoubtful):
            await tools.hold_slot(start)

    async def test_a_refused_time_comes_with_others_and_the_reason(self, chat):
        offered = await chat.answer_to_press("pick_time")
        [slots] = [part for part in offered.parts if part["kind"] == "slots"]
        wanted = slots["slots"][0]
        chat.desk.taken.add(datetime.fromisoformat(wanted["start"]))
        chat.desk.refusal = "too_soon"
        reply = await chat.answer_to_press(wanted["action"])
        assert "too soon for the shop to be ready" in reply.text
        [others] = [part for part in reply.parts if part["kind"] == "slots"]
        assert wanted["start"] not in {slot["start"] for slot in others["slots"]}
        assert len(others["slots"]) == 3

    async def test_an_unknown_quote_service_or_time_is_no_guess(self, chat, tools):
        for name, given in (
            ("hold_slot", {"start": "the second one"}),
            ("hold_slot", {"start": chat.desk.starts()[0].isoformat(), "quote": "q9"}),
            ("find_slots", {"service": "undercoating"}),
            ("compare_tiers", {"service": "tint-removal"}),
        ):
            with pytest.raises(NotPossible):
                await use(tools, name, given)
        with pytest.raises(BookingRefused):
            await tools.get_quote("undercoating")


class TestTheJob:
    async def test_the_second_one_is_of_the_job_that_was_offered(self, chat):
        await chat.answer_to("how much is ceramic tint?")
        [slots] = [p for p in (await chat.answer_to_press("pick_time")).parts if p["kind"] == "slots"]
        await chat.answer_to("how much is tint removal?")
        reply = await chat.answer_to("the second one please")
        assert "Ceramic Window Tint for your 2021 Honda Civic, $449.00" in reply.text
        [(quote_id, start)] = chat.desk.holds.values()
        assert chat.desk.quotes[quote_id]["service"]["code"] == "ceramic-full"
        assert start == datetime.fromisoformat(slots["slots"][1]["start"])

    async def test_a_time_is_not_of_another_car_s_job(self, chat, tools):
        await tools.get_quote("ceramic-full")
        await tools.find_slots(Wish())
        tools.set_vehicle(JEEP)
        await tools.hold_slot(chat.desk.starts()[0])
        assert tools.facts.quote.vehicle.named == "2014 Jeep Wrangler"

    async def test_with_an_appointment_no_other_job_is_taken_for_moving_it(self, chat, tools):
        await tools.get_quote("ceramic-full")
        await tools.hold_slot(chat.desk.starts()[0])
        tools.yes = True
        await tools.book()
        assert (await tools.find_slots(Wish(), quote="q1")).slots.slots
        await tools.get_quote("tint-removal")
        for name, given in (
            ("find_slots", {"quote": "q2"}),
            ("hold_slot", {"start": chat.desk.starts()[1].isoformat(), "quote": "q2"}),
        ):
            with pytest.raises(NotPossible, match="an appointment stands"):
                await use(tools, name, given)

    async def test_a_job_of_another_quote_is_held_only_when_it_is_named(self, chat, tools):
        await tools.get_quote("ceramic-full")
        await tools.find_slots(Wish())
        await tools.get_quote("tint-removal")
        start = chat.desk.starts()[0]
        await tools.hold_slot(start)
        assert tools.facts.quote.service.code == "ceramic-full"
        await tools.hold_slot(start, quote="q2")
        assert tools.facts.quote.service.code == "tint-removal"
        assert [chat.desk.quotes[quote]["service"]["code"] for quote, _ in chat.desk.holds.values()] == [
            "ceramic-full",
            "tint-removal",
        ]

    @pytest.mark.parametrize("words", ["the second one only", "does the film block heat?", "full price?"])
    def test_what_everybody_says_names_no_service(self, words, services):
        assert match_service(words, services) is None


class TestWhileBookingIsAway:
    async def offered(self, chat) -> dict:
        [slots] = [p for p in (await chat.answer_to_press("pick_time")).parts if p["kind"] == "slots"]
        return slots["slots"][0]

    async def test_a_time_chosen_is_read_back_with_its_price_and_passed_on_only_after_the_yes(self, chat):
        slot = await self.offered(chat)
        chat.desk.away = True
        reply = await chat.answer_to_press(slot["action"])
        assert "nothing is held yet" in reply.text
        assert "Ceramic Window Tint for your 2021 Honda Civic, $449.00" in reply.text
        assert await chat.published("booking.requested.v1") == []
        assert (await chat.row()).hold["id"] is None
        assert "received, not yet confirmed" in (await chat.answer_to("yes")).text
        [wish] = await chat.published("booking.requested.v1")
        assert wish["quote_id"] == (await chat.row()).quote["id"]

    async def test_a_yes_books_once_it_is_back(self, chat):
        slot = await self.offered(chat)
        chat.desk.away = True
        await chat.answer_to_press(slot["action"])
        chat.desk.away = False
        assert "You're booked: Ceramic Window Tint" in (await chat.answer_to("yes")).text
        assert await chat.published("booking.requested.v1") == []

    async def test_a_price_asked_in_between_does_not_change_what_is_passed_on(self, chat):
        slot = await self.offered(chat)
        await chat.answer_to_press(slot["action"])
        chat.desk.away = True
        await chat.answer_to("how much is tint removal?")
        await chat.answer_to_press("confirm:yes")
        assert [wish["service"] for wish in await chat.published("booking.requested.v1")] == ["ceramic-full"]

    async def test_without_a_price_in_force_nothing_is_passed_on(self, chat, tools):
        await tools.get_quote("ceramic-full")
        tools.now += timedelta(days=3)
        assert tools.read_back_only(chat.desk.starts()[0]) is None
        chat.desk.away = True
        with pytest.raises(BookingAway):
            await tools.hold_slot(chat.desk.starts()[0])
        with pytest.raises(NotPossible):
            replace(tools, yes=True).keep_wish()


class TestWhatIsListed:
    async def test_services_have_the_price_of_the_car_at_hand_and_their_time_in_words(self, tools):
        tools.set_vehicle(JEEP)
        tools.list_services()
        rows = {row["code"]: (row["price"], row["duration"]) for row in told(tools)["services"]}
        assert rows == {
            "ceramic-full": ("$529.00", "3 hours"),
            "tint-removal": ("$150.00", "1 hour and 30 minutes"),
            "carbon-full": ("from $349.00", "2 hours and 30 minutes"),
        }
        assert told(tools)["car"] == "2014 Jeep Wrangler"

    async def test_the_films_of_a_job_stand_side_by_side_with_what_differs(self, tools):
        tools.compare_tiers("ceramic-full")
        rows = [(row["tier"], row["price"], row["differs"]) for row in told(tools)["services"]]
        assert rows == [
            ("carbon", "from $299.00", "Carbon; does not fade"),
            ("ceramic", "$449.00", "Ceramic; blocks heat"),
        ]

    @pytest.mark.parametrize(
        ("language", "lines"),
        [
            (
                "en",
                [
                    "The same job in its films for a sedan:",
                    "- Carbon Window Tint: from $299.00. Carbon; does not fade",
                    "- Ceramic Window Tint: $449.00. Ceramic; blocks heat",
                ],
            ),
            (
                "es",
                [
                    "El mismo trabajo con cada película para un sedán:",
                    "- Carbon Window Tint: desde $299.00. Carbon; does not fade",
                    "- Polarizado cerámico: $449.00. Ceramic; blocks heat",
                ],
            ),
        ],
    )
    async def test_without_a_model_they_are_compared_line_by_line(self, tools, language, lines):
        turn = Turn(
            reply_id=uuid4(),
            shop=tools.shop,
            lead=LeadFacts(first_name="Sample"),
            history=(),
            text="",
            last_text="",
            action=None,
            misses=0,
            refusals=0,
            now=tools.now,
            language=language,
        )
        [said] = Steps(turn, tools).compare("how do they differ?")
        assert said.text.splitlines() == lines
        card, buttons = said.parts
        assert [tier.action for tier in card.tiers] == ["service:carbon-full", "service:ceramic-full"]
        assert [bool(tier.differs) for tier in card.tiers] == [language == "en"] * 2
        assert [action.id for action in buttons.actions] == [
            "service:carbon-full",
            "service:ceramic-full",
        ]

    async def test_spanish_customers_read_spanish_names_where_there_are_any(self, chat):
        priced = await chat.answer_to("¿Cuánto cuesta el polarizado cerámico?")
        assert "Polarizado cerámico para su 2021 Honda Civic" in priced.text
        [quote] = [part["quote"] for part in priced.parts if part["kind"] == "quote"]
        assert quote["service"]["name"] == "Polarizado cerámico"
        listed = await chat.answer_to("¿Qué servicios tienen?")
        assert "- Tint Removal: $150.00" in listed.text
        [buttons] = [part["actions"] for part in listed.parts if part["kind"] == "actions"]
        assert "Polarizado cerámico" in [button["label"] for button in buttons]


class TestReceiptsOfBefore:
    async def test_they_live_across_turns_until_they_are_out_of_force(self, chat, deps):
        await chat.answer_to("how much is ceramic tint?")
        await chat.answer_to_press("pick_time")
        async with transaction(deps.sessions, chat.lead.tenant_id) as session:
            conversation_id = (await chat.row()).id
            rows = await store.receipts_of(session, chat.lead.tenant_id, conversation_id=conversation_id)
        receipts = {row.tool: receipt_of(row) for row in rows}
        now = deps.now()
        in_force = {
            after: {
                tool for tool, receipt in receipts.items() if receipt.in_force(now + timedelta(minutes=after))
            }
            for after in (29, 31, 49 * 60)
        }
        assert in_force == {29: {"get_quote", "find_slots"}, 31: {"get_quote"}, 49 * 60: set()}
