"""A new website lead as ShopMonkey takes it in: customer, vehicle, order, and the signed webhook."""

import secrets
from dataclasses import asdict

from pydantic import BaseModel, Field

from sandbox import shop
from sandbox.rows import Row, iso, now
from sandbox.sample import COLUMNS, LOCATION_OF_CODE, stable_id
from sandbox.webhooks import deliver, event_of, listeners
from sandbox.world import World

_CALIFORNIA = (
    209,
    310,
    408,
    415,
    510,
    530,
    559,
    619,
    626,
    650,
    707,
    714,
    760,
    805,
    818,
    831,
    858,
    909,
    925,
    949,
)
_ARIZONA = (480, 520, 602, 623, 928)


class LeadVehicle(BaseModel):
    year: int | None = 2021
    make: str | None = "Honda"
    model: str | None = "Civic"
    size: str = "LightDuty"


class NewLead(BaseModel):
    """What is left out is invented, unlike any lead before; an explicit null means that the customer has none.

    Of the consents null means that nobody has asked.
    """

    location: str = "Store094"
    first_name: str | None = "Avery"
    last_name: str | None = "Sample"
    email: str | None = Field(default_factory=lambda: f"avery.sample.{secrets.token_hex(3)}@example.com")
    phone: str | None = ""
    vehicle: LeadVehicle | None = Field(default_factory=LeadVehicle)
    service: str | None = "window tint"
    marketing_opt_in: bool | None = True
    sms_opt_in: bool | None = True
    email_subscribed: bool | None = True
    webhook: bool = True
    duplicates: int = Field(default=0, ge=0, le=100)


def invented_phone(location: str) -> str:
    """555-0100 to 555-0199 in the shop's state: reserved for invention."""
    area = secrets.choice(_ARIZONA if location in {"Store201", "sample-sm-201"} else _CALIFORNIA)
    return f"+1{area}555{100 + secrets.randbelow(100):04d}"


async def take_in(world: World, lead: NewLead) -> Row:
    """Answers when the deliveries are over, retries included."""
    phone = invented_phone(lead.location) if lead.phone == "" else lead.phone
    location_id = LOCATION_OF_CODE.get(lead.location, lead.location)
    customer = shop.insert(world, "customer", _customer(lead, phone, location_id), announced=False)
    vehicle = _vehicle(world, lead, customer, location_id)
    order = shop.insert(world, "order", _order(lead, customer, vehicle, location_id), announced=False)
    noted = _note(world, lead, order, phone)
    deliveries = await _deliver(world, lead, order) if lead.webhook else []
    noted["answered_ms"] = deliveries[0]["ms"] if deliveries and deliveries[0]["status"] else None
    noted["answered_status"] = deliveries[0]["status"] if deliveries else None
    world.revision += 1
    return {
        "order_id": order["id"],
        "customer_id": customer["id"],
        "vehicle_id": vehicle["id"] if vehicle else None,
        "email": lead.email,
        "phone": phone,
        "deliveries": deliveries,
    }


def _customer(lead: NewLead, phone: str | None, location_id: str) -> Row:
    return {
        "firstName": lead.first_name,
        "lastName": lead.last_name,
        "locationId": location_id,
        "marketingOptIn": lead.marketing_opt_in,
        "emails": [{"email": lead.email, "subscribed": lead.email_subscribed}] if lead.email else [],
        "phoneNumbers": [{"number": phone, "optIn": lead.sms_opt_in}] if phone else [],
    }


def _vehicle(world: World, lead: NewLead, customer: Row, location_id: str) -> Row | None:
    if lead.vehicle is None:
        return None
    body = {**lead.vehicle.model_dump(), "customerId": customer["id"], "locationId": location_id}
    return shop.insert(world, "vehicle", body, announced=False)


def _order(lead: NewLead, customer: Row, vehicle: Row | None, location_id: str) -> Row:
    car = shop.vehicle_name(vehicle)
    wish = lead.service or "a service"
    return {
        "customerId": customer["id"],
        "vehicleId": vehicle["id"] if vehicle else None,
        "locationId": location_id,
        "workflowStatusId": stable_id("workflow_status", location_id, COLUMNS[0]),
        "name": f"New Quote - {wish.title()}" + (f" - {car}" if car else ""),
        "complaint": f"Website quote request: {wish}" + (f" for a {car}" if car else ""),
        "note": f"Customer asked on the website about {wish}.",
        "attributionSource": "WorkRequestForm",
    }


def _note(world: World, lead: NewLead, order: Row, phone: str | None) -> Row:
    noted: Row = {
        "order_id": order["id"],
        "name": " ".join(part for part in (lead.first_name, lead.last_name) if part),
        "email": lead.email,
        "phone": phone,
        "sent_at": iso(now()),
        "answered_ms": None,
        "answered_status": None,
    }
    world.leads.append(noted)
    return noted


async def _deliver(world: World, lead: NewLead, order: Row) -> list[Row]:
    """One after the other, so that the first is the delivery and the others are its duplicates."""
    event = event_of("order", "INSERT", order)
    ours, *others = listeners(world, event)
    deliveries = [asdict(await deliver(world, event, *ours)) for _ in range(1 + lead.duplicates)]
    for url, secret in others:
        await deliver(world, event, url, secret)
    return deliveries
