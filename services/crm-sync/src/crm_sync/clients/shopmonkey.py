"""ShopMonkey's API v3 as far as it is used here: records in, records out."""

import json
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

import httpx2
import structlog
from pydantic import ValidationError

from crm_sync.clients.columns import Board, Columns
from crm_sync.clients.errors import OutcomeUnknown, Refused, Unavailable
from crm_sync.clients.transport import TIMEOUT, Account, Method, Transport
from crm_sync.domain.appointment import iso
from crm_sync.domain.crm import (
    Column,
    CrmAppointment,
    CrmMessage,
    CrmVehicle,
    Customer,
    Json,
    Order,
    Record,
)

log = structlog.get_logger()

PAGE_ROWS = 100
"""More is clamped without a word."""
SWEEPS = 5
"""Their lists drop and repeat rows; the union of repeated sweeps reached the true total within this many."""
PAGES_PER_SWEEP = 10
PAGES_PER_SEARCH = 50
"""Of a whole account's appointments of a few days."""
SEARCH_MARGIN = timedelta(days=1)
"""How far staff may have dragged an appointment before we looked for it."""

RecordT = TypeVar("RecordT", bound=Record)


@dataclass(frozen=True)
class Sweep:
    """Rows united by id. Only of a complete one may it be said that a record is not there."""

    rows: tuple[Json, ...]
    complete: bool


class ShopMonkey:
    """One account. Reads raise `NotFound`, `Refused`, `Throttled`, `Unavailable`; writes also `OutcomeUnknown`."""

    def __init__(self, account: Account, timeout: httpx2.Timeout = TIMEOUT) -> None:
        self._transport = Transport(account, timeout)
        self.columns = Columns(self._columns_of)

    async def close(self) -> None:
        await self._transport.close()

    async def order(self, order_id: str) -> Order:
        return _parsed(Order, await self._transport.read_one(f"/order/{order_id}"))

    async def customer(self, customer_id: str) -> Customer:
        return _parsed(Customer, await self._transport.read_one(f"/customer/{customer_id}"))

    async def vehicle(self, vehicle_id: str) -> CrmVehicle:
        return _parsed(CrmVehicle, await self._transport.read_one(f"/vehicle/{vehicle_id}"))

    async def appointment(self, appointment_id: str) -> CrmAppointment:
        return _parsed(CrmAppointment, await self._transport.read_one(f"/appointment/{appointment_id}"))

    async def customers_with(self, *, phone: str | None, email: str | None) -> list[Customer]:
        """Those with the number or the address; looked up exactly, not by a list."""
        rows: list[Json] = []
        if phone is not None:
            search: Json = {"phoneNumbers": [{"number": phone}]}
            rows += (await self._transport.read_page("/customer/phone_number/search", search=search)).rows
        if email is not None:
            rows += await self._with_email(email)
        return [_parsed(Customer, row) for row in {str(row["id"]): row for row in rows}.values()]

    async def _with_email(self, email: str) -> tuple[Json, ...]:
        """Clients of theirs write the address in two ways; which one holds is not documented."""
        path = "/customer/email/search"
        try:
            return (await self._transport.read_page(path, search={"emails": [email]})).rows
        except Refused:
            return (await self._transport.read_page(path, search={"emails": [{"email": email}]})).rows

    async def vehicles_of(self, customer_id: str) -> tuple[list[CrmVehicle], bool]:
        """And whether that is all of them."""
        sweep = await self._sweep(f"/customer/{customer_id}/vehicle", {})
        return [_parsed(CrmVehicle, row) for row in sweep.rows], sweep.complete

    async def orders_of(self, customer_id: str) -> tuple[list[Order], bool]:
        """And whether that is all of them."""
        sweep = await self._sweep(f"/customer/{customer_id}/order", {})
        return [_parsed(Order, row) for row in sweep.rows], sweep.complete

    async def orders_changed_since(self, location_id: str, since: datetime) -> tuple[list[Order], bool]:
        """Orders of the location created or changed since then, and whether that is all of them."""
        where = {"locationId": location_id, "updatedDate": {"gte": iso(since)}}
        sweep = await self._sweep("/order", {"where": json.dumps(where), "locationId": location_id})
        orders = _readable(Order, sweep.rows)
        # They ignore filters that they do not know, in silence.
        wanted = [order for order in orders if _is_wanted(order, location_id, since)]
        return wanted, sweep.complete and len(orders) == len(sweep.rows)

    async def appointments_near(self, starts: Iterable[datetime]) -> list[CrmAppointment]:
        """Those starting within a day of one of `starts`, or between them."""
        moments = sorted(starts)
        return await self.appointments_between(moments[0] - SEARCH_MARGIN, moments[-1] + SEARCH_MARGIN)

    async def appointments_between(self, first: datetime, last: datetime) -> list[CrmAppointment]:
        """By their start, of all the account's locations. Unlike the lists, their search is exact.

        Raises `Unavailable` when it does not end: what was not read must not be taken for absent.
        """
        window = {"gte": iso(first), "lte": iso(last)}
        found: dict[str, Json] = {}
        for page_number in range(PAGES_PER_SEARCH):
            skip = page_number * PAGE_ROWS
            search = {"where": {"startDate": window}, "limit": PAGE_ROWS, "skip": skip}
            page = await self._transport.read_page("/appointment/search", search=search)
            found |= {str(row["id"]): row for row in page.rows}
            whole = len(page.rows) < PAGE_ROWS if page.total is None else len(found) >= page.total
            if whole:
                return _readable(CrmAppointment, found.values())
            if not page.rows:
                break
        raise Unavailable("a search without an end")

    async def messages_of_order(self, order_id: str) -> tuple[list[CrmMessage], bool]:
        """The order's thread, and whether that is all of it."""
        sweep = await self._sweep("/message", {"where": json.dumps({"orderId": order_id})})
        return [_parsed(CrmMessage, row) for row in sweep.rows], sweep.complete

    async def create_customer(self, body: Json) -> Customer:
        return _written(Customer, await self._transport.write("POST", "/customer", body))

    async def create_vehicle(self, body: Json) -> str:
        return await self._write_id("POST", "/vehicle", body)

    async def create_order(self, body: Json) -> str:
        return await self._write_id("POST", "/order", body)

    async def create_appointment(self, body: Json) -> str:
        return await self._write_id("POST", "/appointment", body)

    async def change_appointment(self, appointment_id: str, body: Json) -> str:
        return await self._write_id("PUT", f"/appointment/{appointment_id}", body)

    async def cancel_appointment(self, appointment_id: str, reason: str | None) -> str:
        body = {"cancellationNote": reason or "Cancelled by the customer"}
        return await self._write_id("PATCH", f"/appointment/{appointment_id}/cancel", body)

    async def write_note(self, *, order_id: str, customer_id: str | None, text: str) -> str:
        """An internal message on the order's thread: the shop reads it, the customer never gets it."""
        body = {
            "orderId": order_id,
            "text": text,
            "internal": True,
            "sendSms": False,
            "sendEmail": False,
            "contentType": "PlainText",
        }
        if customer_id is not None:
            body["customerId"] = customer_id
        return await self._write_id("POST", "/message", body)

    async def move_order(self, order_id: str, column_id: str) -> str:
        return await self._write_id("PUT", f"/order/{order_id}", {"workflowStatusId": column_id})

    async def _write_id(self, method: Method, path: str, body: Json) -> str:
        row = await self._transport.write(method, path, body)
        return str(row["id"])

    async def _columns_of(self, location_id: str) -> Board:
        params = {"where": json.dumps({"locationId": location_id}), "locationId": location_id}
        sweep = await self._sweep("/workflow_status", params)
        columns = [_parsed(Column, row) for row in sweep.rows]
        ours = tuple(column for column in columns if column.location_id in (None, location_id))
        return Board(ours, sweep.complete, time.monotonic())

    async def _sweep(self, path: str, params: dict[str, str]) -> Sweep:
        found: dict[str, Json] = {}
        for _ in range(SWEEPS):
            total = await self._one_sweep(path, params, found)
            if total is not None and len(found) >= total:
                return Sweep(tuple(found.values()), complete=True)
        return Sweep(tuple(found.values()), complete=False)

    async def _one_sweep(self, path: str, params: dict[str, str], found: dict[str, Json]) -> int | None:
        """Adds to `found`; answers the total that they claim."""
        total = None
        for page_number in range(PAGES_PER_SWEEP):
            skip = page_number * PAGE_ROWS
            page = await self._transport.read_page(
                path, {**params, "limit": str(PAGE_ROWS), "skip": str(skip)}
            )
            found |= {str(row["id"]): row for row in page.rows}
            total = page.total if page.total is not None else total
            if total is None or skip + PAGE_ROWS >= total:
                break
        return total


def _is_wanted(order: Order, location_id: str, since: datetime) -> bool:
    changed = order.updated_date or order.created_date
    return order.location_id in (None, location_id) and (changed is None or changed >= since)


def _readable(record: type[RecordT], rows: Iterable[Json]) -> list[RecordT]:
    """One odd row must not hide the others."""
    records = []
    for row in rows:
        try:
            records.append(record.model_validate(row))
        except ValidationError as error:
            log.warning("shopmonkey.unreadable_row", crm_id=str(row["id"]), fields=_fields(error))
    return records


def _written(record: type[RecordT], row: Json) -> RecordT:
    """What was written stands there, however odd the answer is."""
    try:
        return _parsed(record, row)
    except Unavailable as error:
        raise OutcomeUnknown(str(error)) from error


def _parsed(record: type[RecordT], row: Json) -> RecordT:
    try:
        return record.model_validate(row)
    except ValidationError as error:
        raise Unavailable(f"a {record.__name__} with unexpected {_fields(error)}") from error


def _fields(error: ValidationError) -> str:
    return ", ".join(str(part["loc"][0]) for part in error.errors())
