"""ShopMonkey's REST API v3 over the shop's books."""

import hmac
from collections.abc import Callable

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse

from sandbox import shop
from sandbox.deps import TheWorld
from sandbox.envelope import BoffError, many, one
from sandbox.rows import Row, iso, now
from sandbox.shopmonkey_query import matches, page, unreliable, where_of
from sandbox.shopmonkey_rows import WRITABLE, email_row, phone_row
from sandbox.world import World

_SUB_LISTS = {"order": "order", "orders": "order", "vehicle": "vehicle", "vehicles": "vehicle"}
_DELETABLE = {"appointment", "webhook"}


def _check_key(request: Request, world: TheWorld) -> None:
    sent = request.headers.get("authorization", "")
    if not hmac.compare_digest(sent.encode(), f"Bearer {world.settings.shopmonkey_api_key}".encode()):
        raise BoffError(401, "Unauthorized")


router = APIRouter(prefix="/shopmonkey/v3", dependencies=[Depends(_check_key)])


async def _body(request: Request) -> Row:
    body = await _any_body(request)
    if not isinstance(body, dict):
        raise BoffError(400, "body must be object")
    return body


async def _any_body(request: Request) -> object:
    try:
        parsed: object = await request.json()
    except ValueError as error:
        raise BoffError(
            400, "Body cannot be empty or malformed when content-type is 'application/json'"
        ) from error
    return parsed


@router.get("/auth/api_key/status")
async def key_status() -> JSONResponse:
    return one({"valid": True})


@router.post("/customer/email/search")
async def search_by_email(request: Request, world: TheWorld) -> JSONResponse:
    wanted = _searched(await _body(request), "emails", "email")
    return _customers(world, lambda c: any(e["email"].lower() in wanted for e in c["emails"] if e["email"]))


@router.post("/customer/phone_number/search")
async def search_by_phone(request: Request, world: TheWorld) -> JSONResponse:
    wanted = _searched(await _body(request), "phoneNumbers", "number")
    return _customers(world, lambda c: any(p["number"] in wanted for p in c["phoneNumbers"]))


def _searched(body: Row, name: str, key: str) -> set[str]:
    if not isinstance(body.get(name), list):
        raise BoffError(400, f"body must have required property '{name}'")
    return {str(entry[key] if isinstance(entry, dict) else entry).lower() for entry in body[name]}


def _customers(world: World, test: Callable[[Row], bool]) -> JSONResponse:
    rows = [row for row in world.tables["customer"].values() if test(row)]
    return many(rows, total=len(rows), has_more=False)


@router.post("/customer/search")
async def search_customers(request: Request, world: TheWorld) -> JSONResponse:
    """Only `where.normalizedName.contains` is honoured; `query` is ignored."""
    body = await _body(request)
    word = str(((body.get("where") or {}).get("normalizedName") or {}).get("contains", "")).lower()
    rows = [row for row in world.tables["customer"].values() if word in (shop.full_name(row) or "").lower()]
    shown, more = page(rows, body.get("limit"), body.get("skip"))
    return many(shown, total=len(rows), has_more=more)


@router.post("/appointment/search")
async def search_appointments(request: Request, world: TheWorld) -> JSONResponse:
    """Exact, unlike the lists; its `where` knows no location."""
    body = await _body(request)
    where = {name: want for name, want in (body.get("where") or {}).items() if name != "locationId"}
    rows = [row for row in world.tables["appointment"].values() if matches(row, where)]
    rows.sort(key=lambda row: str(row["startDate"]))
    shown, more = page(rows, body.get("limit"), body.get("skip"))
    return many(shown, total=len(rows), has_more=more)


@router.patch("/appointment/{row_id}/confirm")
async def confirm_appointment(row_id: str, world: TheWorld) -> JSONResponse:
    return one(shop.update(world, "appointment", row_id, {"confirmationStatus": "Confirmed"}))


@router.patch("/appointment/{row_id}/cancel")
async def cancel_appointment(row_id: str, request: Request, world: TheWorld) -> JSONResponse:
    note = (await _body(request)).get("cancellationNote") if await request.body() else None
    change = {"confirmationStatus": "Declined", "cancellationNote": note}
    return one(shop.update(world, "appointment", row_id, change))


@router.post("/customer/{row_id}/email")
async def add_email(row_id: str, request: Request, world: TheWorld) -> JSONResponse:
    return _add_contact(world, row_id, "emails", email_row(row_id, await _body(request)))


@router.post("/customer/{row_id}/phone_number")
async def add_phone(row_id: str, request: Request, world: TheWorld) -> JSONResponse:
    return _add_contact(world, row_id, "phoneNumbers", phone_row(row_id, await _body(request)))


def _add_contact(world: World, row_id: str, name: str, entry: Row) -> JSONResponse:
    customer = shop.find(world, "customer", row_id)
    customer[name].append(entry)
    customer["updatedDate"] = iso(now())
    return one(entry, 201)


@router.get("/{table}/{row_id}/{related}")
async def list_related(table: str, row_id: str, related: str, world: TheWorld) -> JSONResponse:
    """`/customer/:id/order`, `/customer/:id/vehicle`, `/vehicle/:id/orders`."""
    key = {"customer": "customerId", "vehicle": "vehicleId"}.get(table)
    if key is None or related not in _SUB_LISTS:
        raise BoffError(404, "Not Found")
    shop.find(world, table, row_id)
    rows = [row for row in world.tables[_SUB_LISTS[related]].values() if row.get(key) == row_id]
    return many(rows, total=len(rows), has_more=False)


@router.get("/{table}/{row_id}")
async def get_one(table: str, row_id: str, world: TheWorld) -> JSONResponse:
    return one(shop.find(world, _known(world, table), row_id))


@router.get("/{table}")
async def list_rows(table: str, request: Request, world: TheWorld) -> JSONResponse:
    """Newest first; with the fault `drop_rows`, in any order and with holes, while `meta.total` stays true."""
    params = request.query_params
    where = where_of(params)
    if table == "customer":  # this list honours scalars only
        where = {name: want for name, want in where.items() if not isinstance(want, dict | list)}
    if "locationId" in params:
        where["locationId"] = params["locationId"]
    rows = [row for row in world.tables[_known(world, table)].values() if matches(row, where)]
    rows.sort(key=lambda row: str(row.get("createdDate")), reverse=True)
    shown, more = page(rows, params.get("limit"), params.get("skip"))
    if not getattr(request.state, "drop_rows", False):
        return many(shown, total=len(rows), has_more=more)
    return _unreliable_list(world, shown, len(rows), more)


def _unreliable_list(world: World, shown: list[Row], total: int, more: bool) -> JSONResponse:
    seen = unreliable(shown, world.faults.dice("shopmonkey"))
    if seen is None:
        return JSONResponse({"success": True, "data": []})
    return many(seen, total=total, has_more=more)


@router.post("/{table}")
async def create_one(table: str, request: Request, world: TheWorld) -> JSONResponse:
    return one(shop.insert(world, _writable(table), await _body(request)), 201)


@router.put("/{table}/{row_id}")
@router.patch("/{table}/{row_id}")
async def change_one(table: str, row_id: str, request: Request, world: TheWorld) -> JSONResponse:
    return one(shop.update(world, _writable(table), row_id, await _body(request)))


@router.delete("/{table}/{row_id}")
async def delete_one(table: str, row_id: str, request: Request, world: TheWorld) -> JSONResponse:
    if "json" in request.headers.get("content-type", ""):
        await _any_body(request)  # an empty body under a JSON content type is refused
    if table not in _DELETABLE:
        raise BoffError(404, "Not Found")
    return one(shop.delete(world, table, row_id))


def _known(world: World, table: str) -> str:
    if table not in world.tables:
        raise BoffError(404, "Not Found")
    return table


def _writable(table: str) -> str:
    if table not in WRITABLE:
        raise BoffError(404, "Not Found")
    return table
