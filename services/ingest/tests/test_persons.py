"""A person is found by number or address, and erased: nothing that names them stays, and no event brings them back."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from httpx2 import ASGITransport, AsyncClient, Response
from ingest import actions
from pydantic import SecretStr
from shared.db.engine import Sessions, transaction
from shared.events import Contact, ContactOptedOut, CrmRef, Event
from shared.messaging.inbox import once
from sqlalchemy import text
from testkit.races import beside
from testkit.secrets import KEY

from .conftest import OPS, RECEIVED_AT, Happened, Rows, application
from .test_form_endpoint import CONSENT, form, submit
from .test_lead_events import observed
from .test_webhook_endpoint import deliver, order

TABLES = (
    "leads", "lead_sources", "lead_status_changes", "opt_outs", "webhook_deliveries", "idempotency_keys", "staff", "outbox",
)  # fmt: skip
TOM = {"name": "Tom Trace", "email": "Tom.Trace@sample.test", "phone": "(619) 555-0177"}


async def ask(client: AsyncClient, verb: str, address: str) -> Response:
    return await client.post(f"/api/admin/persons/sample-tint/{verb}", json={"address": address}, headers=OPS)


async def everything(sessions: Sessions, tenant_id: UUID) -> str:
    """All rows of all tables as text, bytes read."""
    async with transaction(sessions, tenant_id) as session:
        found = [
            await session.scalar(text(f"SELECT coalesce(json_agg(t), '[]')::text FROM {table} t"))  # noqa: S608
            for table in TABLES
        ]
        for table in ("outbox", "webhook_deliveries"):
            found.append(
                await session.scalar(text(f"SELECT string_agg(convert_from(body, 'utf8'), ' ') FROM {table}"))  # noqa: S608
                or ""
            )
    return " ".join(found).lower()


async def test_a_person_is_found_by_both_and_who_shares_one_is_named(
    client, tenant_id, location_id, sessions, event: Happened, rows: Rows
):
    for order_id, email in (("order-1", TOM["email"]), ("order-2", "tina@sample.test")):
        contact = Contact(**{**TOM, "email": email})
        seen = observed(location_id, ref=CrmRef(order_id=order_id, customer_id="c-7"), contact=contact)
        await once(sessions, event(seen), actions.receive_lead)
    leads = {row["order_id"]: str(row["id"]) for row in await rows("SELECT * FROM leads")}
    by_mail = (await ask(client, "find", "TOM.trace@sample.test ")).json()
    assert [lead["id"] for lead in by_mail["leads"]] == [leads["order-1"]]
    assert [lead["id"] for lead in by_mail["related"]] == [leads["order-2"]]
    by_phone = (await ask(client, "find", "619-555-0177")).json()
    assert {lead["id"] for lead in by_phone["leads"]} == set(leads.values())
    assert (await ask(client, "find", "nobody@sample.test")).json()["leads"] == []


async def test_who_somebody_is_goes_by_the_address_as_it_is(client, tenant_id):
    """Inboxes are alike for counting only."""
    for email in ("p.at@gmail.com", "pat+x@gmail.com"):
        await submit(client, form(contact={"name": "Pat Sample", "email": email}))
    assert (await ask(client, "find", "pat@gmail.com")).json()["leads"] == []
    [lead] = (await ask(client, "find", "p.at@gmail.com")).json()["leads"]
    assert lead["email"] == "p.at@gmail.com"


async def test_a_bad_address_an_unknown_tenant_and_a_stranger_are_refused(client, tenant_id):
    assert (await ask(client, "find", "not an address")).json()["errors"][0]["field"] == "address"
    unknown = await client.post("/api/admin/persons/nobody/find", json={"address": TOM["email"]}, headers=OPS)
    assert unknown.status_code == 404
    assert (
        await client.post("/api/admin/persons/sample-tint/find", json={"address": "x"})
    ).status_code == 401


async def test_nothing_of_an_erased_person_stays_and_others_do(
    client, tenant_id, sessions, rows: Rows, published
):
    lead_id = (await submit(client, form(contact=TOM, message="My tint peels"))).json()["lead_id"]
    other = (await submit(client, form(contact={"name": "Olga Other", "phone": "619-555-0188"}))).json()[
        "lead_id"
    ]
    machine = form(contact=TOM, website="http://machine.test")
    await submit(client, machine)
    assert "tom.trace" in await everything(sessions, tenant_id)

    answer = await ask(client, "erase", TOM["email"])
    assert answer.status_code == 202, answer.text
    left = await everything(sessions, tenant_id)
    for word in ("tom trace", "tom.trace", "6195550177", "peels"):
        assert word not in left
    assert "olga other" in left
    [request] = await published("person.erasure.requested.v1")
    assert (request["subject"], request["data"]) == (lead_id, {"lead_id": lead_id})
    assert len(await rows("SELECT * FROM leads")) == 2
    assert other != lead_id


async def test_somebody_else_s_form_that_named_them_loses_their_number_only(
    client, tenant_id, rows: Rows, published
):
    lead_id = (await submit(client, form(contact=TOM))).json()["lead_id"]
    other = form(
        contact={"name": "Olga Other", "email": "olga@sample.test", "phone": TOM["phone"]},
        message="Two doors",
    )
    other_id = (await submit(client, other)).json()["lead_id"]
    for _ in range(2):
        await ask(client, "erase", TOM["email"])
    [kept] = await rows(f"SELECT * FROM lead_sources WHERE lead_id = '{other_id}'")  # noqa: S608 - our own id
    assert kept["held"] == {"phone": "another_lead"}
    assert kept["seen"]["contact"] == {"name": "Olga Other", "email": "olga@sample.test", "phone": None}
    assert kept["seen"]["message"] == "Two doors"
    assert {event["subject"] for event in await published("person.erasure.requested.v1")} == {lead_id}
    assert (await submit(client, other)).status_code == 201


async def test_the_proof_of_consent_stays_as_a_hash(client, tenant_id, rows: Rows):
    await submit(client, form(contact=TOM))
    [before] = await rows("SELECT * FROM lead_sources")
    await ask(client, "erase", TOM["email"])
    [proof] = await rows("SELECT * FROM lead_sources")
    kept = {name: value for name, value in before["consent"].items() if name != "ip"}
    assert (proof["consent"], proof["seen_at"]) == (kept, before["seen_at"])
    assert len(proof["seen"]["proof_of"]) == 2
    assert all(one.startswith("hmac-sha256:") for one in proof["seen"]["proof_of"])


async def test_asked_for_again_the_other_services_are_told_again(client, tenant_id, published):
    lead_id = (await submit(client, form(contact=TOM))).json()["lead_id"]
    await ask(client, "erase", TOM["email"])
    again = (await ask(client, "erase", TOM["phone"])).json()
    assert (again["leads"], again["erased"]) == ([], [lead_id])
    assert [e["subject"] for e in await published("person.erasure.requested.v1")] == [lead_id, lead_id]


@pytest.mark.usefixtures("known")
async def test_raw_deliveries_of_the_order_and_their_events_go(
    client, tenant_id, location_id, sessions, event: Happened, published
):
    await deliver(client, order(name="Tom Trace's Honda", id="order-7"), webhook_id="msg_1")
    await deliver(client, order(name="Olga Other's Ford", id="order-77"), webhook_id="msg_2")
    seen = observed(location_id, ref=CrmRef(order_id="order-7", customer_id="c-7"), contact=Contact(**TOM))
    await once(sessions, event(seen), actions.receive_lead)
    await ask(client, "erase", TOM["email"])
    left = await everything(sessions, tenant_id)
    assert "tom trace" not in left
    assert "olga other" in left
    assert [e["data"]["row"]["id"] for e in await published("crm.change.received.v1")] == ["order-77"]
    again = await deliver(client, order(name="Tom Trace's Honda", id="order-7"), webhook_id="msg_1")
    assert again.json()["duplicate"]


async def test_the_order_seen_again_brings_nobody_back(
    client, tenant_id, location_id, sessions, event: Happened, rows: Rows
):
    seen = observed(location_id, ref=CrmRef(order_id="order-7", customer_id="c-7"), contact=Contact(**TOM))
    first = event(seen)
    await once(sessions, first, actions.receive_lead)
    await ask(client, "erase", TOM["email"])
    for told in (first, event(seen)):
        await once(sessions, told, actions.receive_lead)
    assert "tom trace" not in await everything(sessions, tenant_id)
    assert [row["name"] for row in await rows("SELECT name FROM leads")] == [""]


async def test_the_order_of_a_form_s_lead_brings_nobody_back(
    client, tenant_id, location_id, sessions, event: Happened, rows: Rows
):
    await submit(client, form(contact=TOM))
    seen = observed(location_id, ref=CrmRef(order_id="order-7", customer_id="c-7"), contact=Contact(**TOM))
    await once(sessions, event(seen), actions.receive_lead)
    assert len(await rows("SELECT * FROM leads")) == 1
    await ask(client, "erase", TOM["phone"])
    await once(sessions, event(seen), actions.receive_lead)
    assert "tom trace" not in await everything(sessions, tenant_id)


async def test_what_is_held_is_shown_and_that_it_was_erased(client, tenant_id):
    lead_id = (await submit(client, form(contact=TOM, message="My tint peels"))).json()["lead_id"]
    door = f"/api/admin/persons/{tenant_id}/{lead_id}"
    shown = (await client.get(door, headers=OPS)).json()
    assert shown["erased"] is None
    assert shown["tables"]["leads"][0]["email"] == "tom.trace@sample.test"
    assert shown["tables"]["lead_sources"][0]["seen"]["message"] == "My tint peels"
    assert shown["tables"]["outbox"][0]["body"]["data"]["contact"]["name"] == "Tom Trace"
    await ask(client, "erase", TOM["email"])
    shown = (await client.get(door, headers=OPS)).json()
    assert shown["erased"]["rows"]["leads"] == 1
    assert "tom.trace" not in json.dumps(shown).lower()


async def test_a_form_that_is_being_stored_is_waited_for_and_erased_too(
    client, tenant_id, location_id, sessions, event: Happened
):
    seen = observed(location_id, ref=CrmRef(order_id="order-7", customer_id="c-7"), contact=Contact(**TOM))
    await once(sessions, event(seen), actions.receive_lead)
    again = form(contact=TOM, message="My aardwolf rides along")
    submitted, erased = await beside(
        sessions, "lead_sources", submit(client, again), ask(client, "erase", TOM["email"])
    )
    assert (submitted.status_code, erased.status_code) == (201, 202)
    left = await everything(sessions, tenant_id)
    assert "aardwolf" not in left
    assert "tom trace" not in left


async def test_a_form_sent_twice_writes_nothing_into_a_lead_that_is_being_erased(
    client, tenant_id, sessions, rows: Rows
):
    first = (await submit(client, form(contact=TOM))).json()["lead_id"]
    _, again = await beside(
        sessions, "lead_sources", ask(client, "erase", TOM["email"]), submit(client, form(contact=TOM))
    )
    assert again.status_code == 201
    [lead] = await rows(f"SELECT * FROM leads WHERE id = '{first}'")  # noqa: S608 - our own id
    assert (lead["name"], lead["email"], lead["phone"]) == ("", None, None)


async def test_forms_beside_erasures_leave_each_lead_whole_or_nobody_s(app, tenant_id, rows: Rows):
    for round_ in range(
        15
    ):  # each from a sender of its own, who stays below the limit on wishes in one person's name
        transport = ASGITransport(app=app, client=(f"198.51.100.{round_}", 1))
        async with AsyncClient(transport=transport, base_url="http://ingest") as client:
            answers = await asyncio.gather(
                submit(client, form(contact=TOM)), ask(client, "erase", TOM["email"]),
                submit(client, form(contact=TOM, message="How long?")), ask(client, "erase", TOM["phone"]),
            )  # fmt: skip
        assert {answer.status_code for answer in answers} <= {201, 202}
        assert (
            await rows(
                "SELECT s.id FROM lead_sources s JOIN leads l ON l.id = s.lead_id WHERE l.email IS NULL AND s.seen ? 'contact'"
            )
            == []
        )
        assert (
            await rows(
                "SELECT id FROM leads JOIN erased_leads ON lead_id = leads.id WHERE leads.email IS NOT NULL"
            )
            == []
        )


@pytest.mark.usefixtures("known")
async def test_a_webhook_that_is_being_stored_is_waited_for_and_later_ones_are_kept_without_a_word(
    client, tenant_id, location_id, sessions, event: Happened, published
):
    seen = observed(location_id, ref=CrmRef(order_id="order-7", customer_id="c-7"), contact=Contact(**TOM))
    await once(sessions, event(seen), actions.receive_lead)
    delivered, _ = await beside(
        sessions, "webhook_deliveries", deliver(client, order(name="Tom Trace's Honda", id="order-7")),
        ask(client, "erase", TOM["email"]),
    )  # fmt: skip
    assert delivered.status_code == 202
    assert "tom trace" not in await everything(sessions, tenant_id)
    visit = order(
        id="visit-1", orderId="order-7", name="Tom Trace's Honda", startDate="2026-12-01T17:00:00Z"
    ) | {"table": "appointment"}
    for later in (order(name="Tom Trace's Honda", id="order-7"), visit):
        assert (await deliver(client, later)).status_code == 202
    assert "tom trace" not in await everything(sessions, tenant_id)
    told = [e["data"] for e in await published("crm.change.received.v1")]
    assert [(one["table"], one["row"].get("startDate")) for one in told] == [
        ("order", None), ("appointment", "2026-12-01T17:00:00Z"),
    ]  # fmt: skip


async def test_events_of_webhooks_whose_bodies_left_by_age_go_too(
    client, tenant_id, location_id, sessions, event: Happened, published
):
    await deliver(client, order(name="Tom Trace's Honda", id="order-7"))
    seen = observed(location_id, ref=CrmRef(order_id="order-7", customer_id="c-7"), contact=Contact(**TOM))
    await once(sessions, event(seen), actions.receive_lead)
    async with transaction(sessions, tenant_id) as session:
        await session.execute(text("UPDATE webhook_deliveries SET body = '', headers = '{}'"))
    [told] = await published("crm.change.received.v1")
    await ask(client, "erase", TOM["email"])
    assert await published("crm.change.received.v1") == []
    async with transaction(sessions, tenant_id) as session:
        subjects = await session.scalar(text("SELECT subjects FROM erased_leads WHERE rows <> '{}'"))
    assert told["subject"] in subjects


async def changed_number(location_id, sessions, event: Happened) -> None:
    """The CRM names another address of the same order later."""
    ref = CrmRef(order_id="order-7", customer_id="c-7")
    for days, email in ((0, "tom.once@sample.test"), (1, TOM["email"])):
        seen = observed(
            location_id, ref=ref, contact=Contact(name="Tom Trace", email=email),
            received_at=RECEIVED_AT + timedelta(days=days),
        )  # fmt: skip
        await once(sessions, event(seen), actions.receive_lead)


async def test_who_is_known_by_an_earlier_or_later_address_is_found_and_all_of_them_go(
    client, tenant_id, location_id, sessions, event: Happened
):
    await changed_number(location_id, sessions, event)
    await submit(
        client, form(contact={"name": "Tom Trace", "email": TOM["email"]}, website="http://machine.test")
    )
    found = (await ask(client, "find", TOM["email"])).json()
    assert found["addresses"] == ["tom.once@sample.test", "tom.trace@sample.test"]
    assert len(found["leads"]) == 1
    await ask(client, "erase", TOM["email"])
    left = await everything(sessions, tenant_id)
    assert "tom.once" not in left
    assert "tom.trace" not in left
    for address in found["addresses"]:
        assert len((await ask(client, "find", address)).json()["erased"]) == 1


async def test_an_address_that_is_another_lead_s_now_names_only_that_one(
    client, tenant_id, location_id, sessions, event: Happened
):
    await changed_number(location_id, sessions, event)
    other = observed(
        location_id, ref=CrmRef(order_id="order-8"), contact=Contact(name="Olga Other", email=TOM["email"])
    )
    await once(sessions, event(other), actions.receive_lead)
    found = (await ask(client, "find", TOM["email"])).json()
    assert [lead["name"] for lead in found["leads"]] == ["Olga Other"]
    assert [lead["name"] for lead in found["related"]] == ["Tom Trace"]
    for _ in range(2):
        await ask(client, "erase", TOM["email"])
    left = await everything(sessions, tenant_id)
    assert "olga other" not in left
    assert "tom trace" in left


SECOND = "+16195550198"


async def test_a_second_number_goes_with_its_person_and_stays_with_whoever_else_has_it(
    client, tenant_id, location_id, sessions, event: Happened, rows: Rows
):
    for number, email in enumerate((TOM["email"], "olga@sample.test")):
        seen = observed(
            location_id, ref=CrmRef(order_id=f"order-{number}", customer_id=f"c-{number}"),
            contact=Contact(name="Sample", email=email), other_addresses=(SECOND, f"{number}.more@sample.test"),
        )  # fmt: skip
        await once(sessions, event(seen), actions.receive_lead)
    await ask(client, "erase", TOM["email"])
    left = await everything(sessions, tenant_id)
    assert "0.more" not in left
    assert "1.more" in left
    assert SECOND in left
    [kept] = await rows("SELECT * FROM leads WHERE email IS NOT NULL")
    assert kept["other_addresses"] == [SECOND, "1.more@sample.test"]
    await ask(client, "erase", "olga@sample.test")
    assert SECOND not in await everything(sessions, tenant_id)
    assert len((await ask(client, "find", SECOND)).json()["erased"]) == 1


async def test_a_number_that_the_crm_had_for_somebody_else_once_goes_with_its_person(
    client, tenant_id, location_id, sessions, event: Happened, rows: Rows
):
    await submit(client, form(contact={"name": "Tom Trace", "phone": SECOND}))
    for days, others in ((0, (SECOND, "olga.too@sample.test")), (1, ("olga.too@sample.test",))):
        seen = observed(
            location_id, contact=Contact(name="Olga Other", email="olga@sample.test"),
            other_addresses=others, received_at=RECEIVED_AT + timedelta(days=days),
        )  # fmt: skip
        await once(sessions, event(seen), actions.receive_lead)
    await ask(client, "erase", SECOND)
    assert SECOND not in str(await rows("SELECT * FROM lead_sources"))
    [olga] = await rows("SELECT * FROM leads WHERE email IS NOT NULL")
    assert olga["other_addresses"] == ["olga.too@sample.test"]


async def of_addresses(client: AsyncClient, tenant_id: UUID, verb: str, *addresses: str) -> dict:
    answer = await client.post(
        f"/api/admin/persons/{tenant_id}/addresses/{verb}", json={"addresses": list(addresses)}, headers=OPS
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_what_names_an_address_and_is_no_lead_s_is_shown_and_goes(
    client, tenant_id, sessions, rows: Rows
):
    machine = form(contact=TOM, message="My aardwolf rides along", website="http://machine.test")
    await submit(client, machine)
    async with transaction(sessions, tenant_id) as session:
        await session.execute(
            text("INSERT INTO opt_outs VALUES (:tenant, 'sms', '+16195550177')"), {"tenant": tenant_id}
        )
    both = ("tom.trace@sample.test", "+16195550177")
    shown = (await of_addresses(client, tenant_id, "find", *both))["tables"]
    assert shown["lead_sources"][0]["seen"]["message"] == "My aardwolf rides along"
    assert shown["opt_outs"][0]["address"] == "+16195550177"
    gone = (await of_addresses(client, tenant_id, "erase", *both))["rows"]
    assert (gone["lead_sources"], gone["opt_outs"]) == (1, 1)
    left = await everything(sessions, tenant_id)
    for word in ("aardwolf", "tom.trace", "6195550177"):
        assert word not in left
    assert not any((await of_addresses(client, tenant_id, "find", *both))["tables"].values())


async def test_of_an_address_that_a_lead_has_nothing_of_the_lead_goes(client, tenant_id, sessions):
    await submit(client, form(contact=TOM, message="My aardwolf rides along"))
    before = await everything(sessions, tenant_id)
    await of_addresses(client, tenant_id, "erase", "tom.trace@sample.test", "+16195550177")
    assert await everything(sessions, tenant_id) == before


async def test_a_form_of_somebody_else_who_named_their_number_is_shown_without_that_one_s_words(
    client, tenant_id
):
    lead_id = (await submit(client, form(contact=TOM))).json()["lead_id"]
    olga = {"name": "Olga Other", "email": "olga@sample.test", "phone": TOM["phone"]}
    await submit(client, form(contact=olga, message="Two doors"))
    await submit(client, form(contact=olga, message="Three doors", website="http://machine.test"))
    shown = (await client.get(f"/api/admin/persons/{tenant_id}/{lead_id}", headers=OPS)).text
    assert "olga" not in shown.lower()
    assert "doors" not in shown
    assert shown.count('{"phone":"+16195550177"}') == 2


async def test_who_worked_at_the_shop_is_shown_and_goes_and_who_does_stays(
    client, tenant_id, sessions, rows: Rows, published
):
    door = "/api/admin/tenants/sample-tint/staff/tom.trace@sample.test"
    member = {"name": "Tom Trace", "role": "owner", "phone": "+16195550177"}
    assert (await client.put(door, json=member, headers=OPS)).status_code == 200
    shown = await of_addresses(client, tenant_id, "find", "tom.trace@sample.test")
    assert shown["tables"]["staff"][0]["name"] == "Tom Trace"
    await ask(client, "erase", TOM["email"])
    assert [row["name"] for row in await rows("SELECT name FROM staff")] == ["Tom Trace"]

    assert (await client.put(door, json=member | {"active": False}, headers=OPS)).status_code == 200
    found = (await ask(client, "erase", TOM["email"])).json()
    assert [one["name"] for one in found["staff"]] == ["Tom Trace"]
    [kept] = await rows("SELECT * FROM staff")
    assert (kept["name"], kept["phone"], kept["active"]) == ("", None, False)
    [told] = await published("staff.changed.v1")
    assert (told["data"]["name"], told["data"]["version"]) == ("", kept["version"])
    assert "tom.trace" not in await everything(sessions, tenant_id)


async def test_the_proofs_of_an_older_key_are_found_under_a_newer_one(client, tenant_id, database_url):
    lead_id = (await submit(client, form(contact=TOM))).json()["lead_id"]
    await ask(client, "erase", TOM["email"])
    renewed = application(database_url, person_key=f"{'renewed-' * 4},{KEY}")
    async with AsyncClient(transport=ASGITransport(app=renewed), base_url="http://ingest") as later:
        assert (await ask(later, "find", TOM["email"])).json()["erased"] == [lead_id]


async def test_of_the_page_only_the_path_is_kept_and_an_erased_proof_loses_what_was_kept_before(
    client, tenant_id, sessions, rows: Rows
):
    page = "https://sample-tint.example/quote?email=tom.trace@sample.test#tom.trace"
    await submit(client, form(contact=TOM, consent=CONSENT | {"url": page}))
    [kept] = await rows("SELECT consent FROM lead_sources")
    assert kept["consent"]["url"] == "https://sample-tint.example/quote"
    async with transaction(sessions, tenant_id) as session:
        await session.execute(
            text(
                "UPDATE lead_sources SET consent = consent || jsonb_build_object('url', CAST(:url AS text))"
            ),
            {"url": page},
        )
    await ask(client, "erase", TOM["email"])
    [proof] = await rows("SELECT consent FROM lead_sources")
    assert proof["consent"]["url"] == "https://sample-tint.example/quote"


def of_now(told: Event) -> Event:
    """The fixture's events are of a day in the past."""
    return told.model_copy(update={"time": datetime.now(UTC)})


RECEIVE = actions.unless_erased(actions.receive_lead, SecretStr(KEY))
WITHDRAW = actions.unless_erased(actions.withdraw_consent, SecretStr(KEY))


async def test_a_strangers_opt_out_that_was_on_its_way_does_not_bring_the_address_back(
    client, tenant_id, sessions, event: Happened
):
    stop = ContactOptedOut(address="+16195550177", channel="sms", how="keyword", text="STOP")
    on_its_way = event(stop)
    await of_addresses(client, tenant_id, "erase", "+16195550177")
    await once(sessions, on_its_way, WITHDRAW)
    assert "6195550177" not in await everything(sessions, tenant_id)
    await once(sessions, of_now(event(stop)), WITHDRAW)
    assert "6195550177" in await everything(sessions, tenant_id), "a new wish of a new day counts"


async def test_an_opt_out_on_its_way_counts_for_whoever_else_has_the_number(
    client, tenant_id, sessions, event: Happened, rows: Rows
):
    await submit(client, form(contact=TOM))
    on_its_way = event(ContactOptedOut(address="+16195550177", channel="sms", how="keyword"))
    await ask(client, "erase", TOM["email"])
    await submit(client, form(contact={"name": "Olga Other", "phone": TOM["phone"]}))
    await once(sessions, on_its_way, WITHDRAW)
    assert [row["address"] for row in await rows("SELECT * FROM opt_outs")] == ["+16195550177"]


async def test_an_order_that_was_on_its_way_makes_no_lead_now_or_later_and_a_new_one_does(
    client, tenant_id, location_id, sessions, event: Happened, rows: Rows
):
    def of(order_id: str, **contact: str) -> object:
        ref = CrmRef(order_id=order_id, customer_id="c-7")
        return event(observed(location_id, ref=ref, contact=Contact(**{**TOM, **contact})))

    await once(sessions, of("order-7"), RECEIVE)
    queued, of_another = of("order-8"), of("order-9", email="tina@sample.test", name="Tina Other")
    await ask(client, "erase", TOM["email"])
    for told in (queued, of_now(of("order-8")), of_another):
        await once(sessions, told, RECEIVE)
    left = await everything(sessions, tenant_id)
    assert "tom trace" not in left
    assert "tina other" in left
    await once(sessions, of_now(of("order-10")), RECEIVE)
    assert {row["name"] for row in await rows("SELECT name FROM leads")} == {"", "Tina Other", "Tom Trace"}


def row_of(table: str, **row: object) -> dict[str, object]:
    return {"operation": "UPDATE", "table": table, "data": row}


OF_SOMEBODY_ELSE = "another customer with the number"
ROWS_WITHOUT_AN_ORDER = {
    "customer": row_of(
        "customer",
        id="c-7",
        firstName="Tom Trace",
        phoneNumbers=[{"number": "619.555.0177", "primary": True}],
    ),
    "vehicle": row_of("vehicle", id="v-7", customerId="c-7", plate="tom trace"),
    "their vehicle alone": row_of("vehicle", id="v-7", plate="tom trace"),
    OF_SOMEBODY_ELSE: row_of(
        "customer", id="c-8", firstName="Tom Trace", phoneNumbers=[{"number": "(619) 555-0177"}]
    ),
    "message": row_of("message", id="m-1", customerId="c-7", body="tom trace here"),
    "an older order": row_of(
        "order", id="order-1", locationId="sample-sm-094", customerId="c-7", name="tom trace"
    ),
    "of no location of ours": row_of(
        "order", id="order-2", locationId="gone", customerId="c-7", name="tom trace"
    ),
}


async def seven(location_id: UUID, sessions: Sessions, event: Happened) -> None:
    """Tom Trace's order with all ids that the CRM knows him by."""
    ref = CrmRef(order_id="order-7", customer_id="c-7", vehicle_id="v-7")
    await once(sessions, event(observed(location_id, ref=ref, contact=Contact(**TOM))), RECEIVE)


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize("name", ROWS_WITHOUT_AN_ORDER)
async def test_rows_of_the_crm_that_come_anew_are_kept_without_a_word(
    client, tenant_id, location_id, sessions, event: Happened, name
):
    await seven(location_id, sessions, event)
    row = ROWS_WITHOUT_AN_ORDER[name]
    if name != OF_SOMEBODY_ELSE:
        await deliver(client, row)
    assert "tom trace" in await everything(sessions, tenant_id)
    await ask(client, "erase", TOM["email"])
    assert "tom trace" not in await everything(sessions, tenant_id)
    for _ in range(2):
        assert (await deliver(client, row)).status_code in {202, 422}
    left = await everything(sessions, tenant_id)
    assert "tom trace" not in left
    assert not any(number in left for number in ("555-0177", "555.0177", "6195550177"))
    assert row["data"]["id"] in left, "which record changed is passed on"


@pytest.mark.usefixtures("known")
async def test_a_new_order_of_an_erased_customer_is_passed_on_and_what_follows_is_whole(
    client, tenant_id, location_id, sessions, event: Happened, published
):
    for number in (7, 8):
        ref = CrmRef(order_id=f"order-{number}", customer_id="c-7")
        seen = observed(location_id, ref=ref, contact=Contact(**TOM))
        if number == 8:
            await deliver(client, order(name="Tom Trace's Honda", id="order-8", customerId="c-7"))
        await once(sessions, of_now(event(seen)), RECEIVE)
        if number == 7:
            await ask(client, "erase", TOM["email"])
    [told] = [e["data"]["row"] for e in await published("crm.change.received.v1")]
    assert told == {"id": "order-8", "locationId": "sample-sm-094"}
    await deliver(client, row_of("customer", id="c-7", firstName="Tom Trace"))
    assert (await published("crm.change.received.v1"))[-1]["data"]["row"]["firstName"] == "Tom Trace"


@pytest.mark.usefixtures("known")
async def test_a_row_without_an_order_that_is_being_stored_is_waited_for(
    client, tenant_id, location_id, sessions, event: Happened
):
    await seven(location_id, sessions, event)
    vehicle = row_of("vehicle", id="v-7", customerId="c-7", plate="tom trace")
    await beside(sessions, "webhook_deliveries", deliver(client, vehicle), ask(client, "erase", TOM["email"]))
    assert "tom trace" not in await everything(sessions, tenant_id)


async def test_a_machines_form_that_is_being_stored_is_waited_for(client, tenant_id, sessions):
    machine = form(contact=TOM, message="My aardwolf rides along", website="http://machine.test")
    await beside(
        sessions,
        "lead_sources",
        submit(client, machine),
        of_addresses(client, tenant_id, "erase", "tom.trace@sample.test", "+16195550177"),
    )
    assert "aardwolf" not in await everything(sessions, tenant_id)


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize("marker", ["metadata", "note"])
async def test_our_order_that_nobody_heard_of_brings_no_erased_person_back(
    client, tenant_id, sessions, marker
):
    """Its write was in doubt when the lead was erased."""
    lead_id = (await submit(client, form(contact=TOM))).json()["lead_id"]
    await ask(client, "erase", TOM["email"])
    marked: dict[str, object] = {
        "metadata": {"metadata": {"source": "lead-orchestrator", "lead_id": lead_id}},
        "note": {"note": f"Asked by web form: Tom Trace, {TOM['email']}\n[ref {UUID(lead_id).hex[:12]}]"},
    }[marker]
    assert (await deliver(client, order(id="ours-1", name="Tom Trace's Honda", **marked))).status_code == 202
    left = await everything(sessions, tenant_id)
    assert "tom trace" not in left
    assert "ours-1" in left, "which record changed is passed on"


@pytest.mark.usefixtures("known")
async def test_a_message_to_a_customer_who_came_back_is_whole(
    client, tenant_id, location_id, sessions, event: Happened
):
    """It overtakes the new lead, and only its order's erasure may take its words."""
    await seven(location_id, sessions, event)
    await ask(client, "erase", TOM["email"])
    said = row_of("message", id="m-1", orderId="order-8", customerId="c-7", locationId="sample-sm-094")
    for order_id, words in (("order-7", "of the old order"), ("order-8", "of the new order")):
        row = said["data"] | {"id": f"m-{order_id}", "orderId": order_id, "body": words}
        await deliver(client, {**said, "data": row})
    left = await everything(sessions, tenant_id)
    assert ("of the old order" in left, "of the new order" in left) == (False, True)
