"""The calendar file of the endpoint and the one in the mail say the same, over the whole life of an appointment."""

from datetime import datetime
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from ical.calendar import Calendar
from ical.calendar_stream import CalendarStream
from ops.stack.stackfile import StackFile
from testkit.customer import Customer
from testkit.patience import eventually

pytestmark = [pytest.mark.postgres, pytest.mark.rabbit, pytest.mark.timeout(240)]


BOOKED = "Ceramic Coating for 2019 Ford F-150, $799.00 to $1,299.00, final price after inspection."
"""Not the car of the lead's form, and no firm price."""


async def test_door_and_mail_agree_when_booked_moved_and_cancelled(
    http: httpx2.AsyncClient, stack: StackFile, customer: Customer
) -> None:
    created = await customer.asks_the_shop()
    await customer.opens_the_link()
    wish = {"service": "ceramic-coating", "vehicle": {"year": 2019, "make": "Ford", "model": "F-150"}}
    quote = (await customer.post("/api/booking/quotes", wish)).json()
    slots = (await customer.get("/api/booking/slots", quote_id=quote["id"], days=20)).json()["slots"]
    body = {"quote_id": quote["id"], "start": slots[-1]["start"]}
    answer = await customer.post("/api/booking/appointments", body, **{"Idempotency-Key": str(uuid4())})
    path = f"/api/booking/appointments/{answer.json()['id']}"
    seen = [await door_and_mail(customer, path, mails=2)]
    assert BOOKED in seen[0]["description"]
    await shop_and_phone_know_the_car(http, stack, customer, created["order_id"])
    await customer.post(f"{path}/move", {"start": slots[-3]["start"]})
    seen.append(await door_and_mail(customer, path, mails=3))
    await customer.post(f"{path}/cancel", {})
    seen.append(await door_and_mail(customer, path, mails=4))

    assert [told["method"] for told in seen] == ["REQUEST", "REQUEST", "CANCEL"]
    assert [told["sequence"] for told in seen] == [0, 1, 2]
    assert len({told["uid"] for told in seen}) == 1
    starts = [datetime.fromisoformat(slots[n]["start"]) for n in (-1, -3, -3)]
    assert [told["start"] for told in seen] == starts


async def shop_and_phone_know_the_car(
    http: httpx2.AsyncClient, stack: StackFile, customer: Customer, order_id: str
) -> None:
    async def in_shopmonkey() -> list[dict[str, Any]]:
        rows = (await http.get(f"{stack.sandbox}/control/shopmonkey/appointment")).json()
        return [row for row in rows if row.get("orderId") == order_id]

    [row] = await eventually(in_shopmonkey)
    assert row["note"].splitlines()[1:] == [
        "Vehicle: 2019 Ford F-150 (truck)",
        "Price: $799.00 to $1,299.00, final price after inspection",
    ]
    assert row.get("vehicleId") is None
    sms = (await customer.received("sms", count=2))[1]["text"]
    assert "for your 2019 Ford F-150, $799.00 to $1,299.00, final price after inspection." in sms


async def door_and_mail(customer: Customer, path: str, *, mails: int) -> dict[str, Any]:
    [attached] = [
        a
        for a in (await customer.received("email", count=mails))[-1]["attachments"]
        if a["filename"] == "invite.ics"
    ]
    mailed, fetched = read(attached["text"]), read((await customer.get(f"{path}/calendar.ics")).text)
    assert facts(fetched) == facts(mailed)
    assert fetched.method == "PUBLISH"  # the file names no attendee, so it asks nobody
    return {"method": mailed.method, **facts(mailed)}


def read(text: str) -> Calendar:
    [calendar] = CalendarStream.from_ics(text).calendars
    return calendar


def facts(calendar: Calendar) -> dict[str, Any]:
    [event] = calendar.events
    [zone] = calendar.timezones
    assert event.organizer is not None
    return {
        "uid": event.uid,
        "sequence": event.sequence,
        "status": event.status,
        "start": event.dtstart,
        "end": event.dtend,
        "summary": event.summary,
        "location": event.location,
        "description": event.description,
        "organizer": (str(event.organizer.uri), event.organizer.common_name),
        "zone": zone.tz_id,
    }
