"""The staff at the shop's calendar: what they enter, drag, cancel, restore and delete there by hand."""

from collections.abc import Callable
from typing import Literal

from fastapi import APIRouter, HTTPException
from fastapi.responses import JSONResponse
from pydantic import AwareDatetime, BaseModel, Field

from sandbox import shop
from sandbox.deps import TheWorld
from sandbox.envelope import BoffError
from sandbox.rows import Row, iso
from sandbox.sample import LOCATION_OF_CODE
from sandbox.world import World

router = APIRouter(prefix="/control/shopmonkey/appointments")


class NewAppointment(BaseModel):
    """`rruleset` as it is kept there: `DTSTART` in UTC, then the rule (RFC 5545)."""

    location: str = "Store094"
    name: str = "Staff meeting"
    start: AwareDatetime
    end: AwareDatetime
    all_day: bool = False
    repeats: Literal["never", "daily", "weekly"] = "never"
    rruleset: str | None = None


class Change(BaseModel):
    """Only what is given changes. `cancelled: false` restores one that was cancelled."""

    start: AwareDatetime | None = None
    end: AwareDatetime | None = None
    all_day: bool | None = None
    location: str | None = None
    note: str | None = None
    technicians: list[dict[str, str]] | None = None
    cancelled: bool | None = None
    reason: str = Field(default="Cancelled at the shop")


@router.post("")
async def enter(entry: NewAppointment, world: TheWorld) -> JSONResponse:
    body: Row = {
        "name": entry.name,
        "color": "purple",
        "locationId": _location_id(entry.location),
        "startDate": iso(entry.start),
        "endDate": iso(entry.end),
        "allDay": entry.all_day,
        "rruleset": entry.rruleset or _rule(entry),
    }
    return JSONResponse(_written(lambda: shop.insert(world, "appointment", body)), 201)


def _rule(entry: NewAppointment) -> str | None:
    if entry.repeats == "never":
        return None
    return f"DTSTART:{iso(entry.start)[:19].replace('-', '').replace(':', '')}Z\nRRULE:FREQ={entry.repeats.upper()}"


@router.patch("/{row_id}")
async def change(row_id: str, wanted: Change, world: TheWorld) -> JSONResponse:
    return JSONResponse(_written(lambda: shop.update(world, "appointment", row_id, _body(wanted))))


def _body(wanted: Change) -> Row:
    body: Row = {
        "startDate": iso(wanted.start) if wanted.start else None,
        "endDate": iso(wanted.end) if wanted.end else None,
        "allDay": wanted.all_day,
        "locationId": _location_id(wanted.location) if wanted.location else None,
        "note": wanted.note,
        "technicians": wanted.technicians,
    }
    body = {name: value for name, value in body.items() if value is not None}
    if wanted.cancelled is not None:
        off = {"confirmationStatus": "Declined", "cancellationNote": wanted.reason}
        on = {"confirmationStatus": "NoResponse", "cancellationNote": None}
        body |= off if wanted.cancelled else on
    return body


@router.delete("/{row_id}")
async def remove(row_id: str, world: TheWorld) -> JSONResponse:
    return JSONResponse(_written(lambda: shop.delete(world, "appointment", row_id)))


def _written(write: Callable[[], Row]) -> Row:
    try:
        return write()
    except BoffError as error:
        raise HTTPException(error.status, error.message) from error


def _location_id(location: str) -> str:
    return LOCATION_OF_CODE.get(location, location)


def calendar(world: World) -> list[Row]:
    """What stands on no order's card: the shop's own entries."""
    shops = world.tables["location"]
    return [
        row | {"shop": (shops.get(row["locationId"]) or {}).get("name")}
        for row in world.tables["appointment"].values()
        if row["orderId"] is None
    ]
