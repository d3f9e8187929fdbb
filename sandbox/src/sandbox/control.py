"""The control API: what test clients and the page tell the outside world to do. Never under a fault."""

from collections import deque
from typing import Literal

from fastapi import APIRouter, HTTPException, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from sandbox import leads, shop
from sandbox.deps import TheWorld
from sandbox.envelope import BoffError
from sandbox.faults import VENDORS, Fault, Vendor, WebhookFaults
from sandbox.inbound import receive_email
from sandbox.leads import NewLead
from sandbox.overview import overview
from sandbox.rows import Row, iso, now
from sandbox.script import ScriptElement
from sandbox.twilio import receive_from_customer
from sandbox.world import World

router = APIRouter(prefix="/control")


class CustomerText(BaseModel):
    """Without `to` it goes to the number that texted this customer last."""

    sender: str = Field(alias="from")
    to: str | None = None
    body: str


class CustomerMail(BaseModel):
    """As the mail provider judges it: signed by the From's domain, unless `authentic` is off or a verdict is given."""

    sender: str = Field(alias="from")
    to: str
    subject: str = ""
    text: str
    html: str = ""
    headers: dict[str, str] = {}
    authentic: bool = True
    dkim: str = ""
    spf: str = ""


class ShopMessage(BaseModel):
    order_id: str
    author: Literal["Customer", "User"]
    text: str


class CustomerFlags(BaseModel):
    """Those left out stay as they are; null: nobody has asked."""

    marketing_opt_in: bool | None = Field(default=None, alias="marketingOptIn")
    subscribed: bool | None = None
    opt_in: bool | None = Field(default=None, alias="optIn")


@router.post("/leads")
async def new_lead(lead: NewLead, world: TheWorld) -> JSONResponse:
    return JSONResponse(await leads.take_in(world, lead), 201)


@router.get("/inbox")
async def inbox(
    world: TheWorld, to: str | None = None, channel: Literal["email", "sms"] | None = None
) -> JSONResponse:
    """Oldest first; addresses are compared without case."""
    wanted = to.strip().lower() if to else None
    found = [
        item
        for item in world.inbox
        if (wanted is None or str(item["to"]).lower() == wanted)
        and (channel is None or item["channel"] == channel)
    ]
    return JSONResponse(found)


@router.post("/sms")
async def text_from_customer(text: CustomerText, world: TheWorld) -> JSONResponse:
    _remember(world, "sms", text.sender, text.body)
    return JSONResponse(await receive_from_customer(world, sender=text.sender, to=text.to, body=text.body))


@router.post("/email")
async def mail_from_customer(mail: CustomerMail, world: TheWorld) -> JSONResponse:
    _remember(world, "email", mail.sender, mail.text)
    return JSONResponse(await receive_email(world, mail.model_dump(by_alias=True)))


def _remember(world: World, channel: str, sender: str, text: str) -> None:
    world.written_by_customers.append({"channel": channel, "from": sender, "text": text, "at": iso(now())})
    world.revision += 1


@router.get("/shopmonkey/{table}")
async def true_rows(table: str, world: TheWorld) -> JSONResponse:
    """The table by its singular or plural name, oldest first."""
    names = {table, table.removesuffix("s"), table.removesuffix("es")}
    found = next((name for name in world.tables if name in names), None)
    if found is None:
        raise HTTPException(404, f"no table {table!r}; there are {sorted(world.tables)}")
    return JSONResponse(list(world.tables[found].values()))


@router.post("/shopmonkey/messages")
async def write_inside_shopmonkey(message: ShopMessage, world: TheWorld) -> JSONResponse:
    try:
        order = shop.find(world, "order", message.order_id)
    except BoffError as error:
        raise HTTPException(404, error.message) from error
    body = {"orderId": order["id"], "text": message.text, "authorType": message.author}
    if message.author == "Customer":
        body |= {"origin": "CustomerOrderPage", "shopRead": False}
    return JSONResponse(shop.insert(world, "message", body), 201)


@router.put("/shopmonkey/customers/{customer_id}/flags")
async def set_flags(customer_id: str, flags: CustomerFlags, world: TheWorld) -> JSONResponse:
    """Somebody of the shop, or the customer there, changes what they agreed to."""
    try:
        return JSONResponse(
            shop.set_flags(world, customer_id, flags.model_dump(by_alias=True, exclude_unset=True))
        )
    except BoffError as error:
        raise HTTPException(404, error.message) from error


@router.put("/anthropic/script")
async def set_script(script: list[ScriptElement], world: TheWorld) -> JSONResponse:
    world.script = deque(script)
    return JSONResponse({"elements": len(script)})


@router.get("/calls")
async def calls(world: TheWorld, vendor: Vendor | None = None) -> JSONResponse:
    """Oldest first; `status` is null while a request hangs and when it was never answered."""
    rows = [row for name in VENDORS if vendor in (None, name) for row in world.calls[name]]
    return JSONResponse(sorted(rows, key=lambda row: str(row["at"])))


@router.get("/faults")
async def faults(world: TheWorld) -> JSONResponse:
    return JSONResponse({vendor: world.faults.get(vendor).model_dump() for vendor in VENDORS})


@router.put("/faults/webhooks")
async def set_webhook_faults(faults: WebhookFaults, world: TheWorld) -> JSONResponse:
    world.faults.webhooks = faults
    return JSONResponse(faults.model_dump())


@router.put("/faults/{vendor}")
async def set_fault(vendor: Vendor, fault: Fault, world: TheWorld) -> JSONResponse:
    world.faults.put(vendor, fault)
    world.revision += 1
    return JSONResponse(fault.model_dump())


@router.post("/reset")
async def reset(world: TheWorld) -> JSONResponse:
    world.reset()
    return JSONResponse({"reset": True})


@router.get("/overview")
async def page_overview(world: TheWorld, revision: int = -1) -> Response:
    """Everything that the page shows; 204 when nothing changed since `revision`."""
    if revision == world.revision:
        return Response(status_code=204)
    found: Row = overview(world)
    return JSONResponse(found)
