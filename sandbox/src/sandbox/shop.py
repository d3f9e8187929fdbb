"""What happens in the shop's books: rows written with their consequences, each write announced by webhook."""

from typing import cast

from sandbox.envelope import BoffError
from sandbox.rows import Row, iso, new_id, now, parse_iso
from sandbox.sample import COLUMNS, open_location, stable_id
from sandbox.shopmonkey_rows import blank, check_change, check_new, email_row, known_fields, phone_row
from sandbox.webhooks import announce, event_of
from sandbox.world import World

_REFERENCES = {"customerId": "customer", "vehicleId": "vehicle", "orderId": "order"}
_FIRST_ORDER_NUMBER = 1001


def find(world: World, table: str, row_id: str) -> Row:
    row = world.tables[table].get(row_id)
    if row is None:
        raise BoffError(404, f"{table} not found")
    return row


def insert(world: World, table: str, body: Row, *, announced: bool = True) -> Row:
    check_new(table, body)
    _check_references(world, body)
    row = blank(table) | known_fields(table, body)
    _COMPLETE.get(table, _as_it_is)(world, row, body)
    world.tables[table][row["id"]] = row
    world.revision += 1
    if announced:
        announce(world, event_of(table, "INSERT", row))
    _consequences(world, table, row)
    return row


def update(world: World, table: str, row_id: str, body: Row) -> Row:
    """Merges the fields given; what did not change is not announced."""
    row = find(world, table, row_id)
    check_change(table, {**row, **body})
    _check_references(world, body)
    changed = {name: value for name, value in known_fields(table, body).items() if row[name] != value}
    if "workflowStatusId" in changed:
        changed["workflowStatusDate"] = iso(now())
    if changed:
        _write(world, table, row, changed)
        _consequences(world, table, row)
    return row


def set_flags(world: World, customer_id: str, flags: Row) -> Row:
    """`marketingOptIn` of the customer, `subscribed` of all e-mail addresses, `optIn` of all numbers; those that are given."""
    row = find(world, "customer", customer_id)
    changed: Row = {}
    if "marketingOptIn" in flags:
        changed["marketingOptIn"] = flags["marketingOptIn"]
    for entries, flag in (("emails", "subscribed"), ("phoneNumbers", "optIn")):
        if flag in flags:
            changed[entries] = [{**entry, flag: flags[flag]} for entry in row[entries]]
    _write(world, "customer", row, changed)
    return row


def delete(world: World, table: str, row_id: str) -> Row:
    row = find(world, table, row_id)
    del world.tables[table][row_id]
    world.revision += 1
    announce(world, event_of(table, "DELETE", row))
    _consequences(world, table, row)
    return row


def _write(world: World, table: str, row: Row, changed: Row) -> None:
    row.update(changed, updatedDate=iso(now()))
    world.revision += 1
    announce(world, event_of(table, "UPDATE", row, [*changed, "updatedDate"]))


def _check_references(world: World, body: Row) -> None:
    for name, table in _REFERENCES.items():
        if body.get(name) is not None and body[name] not in world.tables[table]:
            raise BoffError(400, f"{table} not found")


def _as_it_is(_world: World, _row: Row, _body: Row) -> None:
    return


def _complete_customer(_world: World, row: Row, body: Row) -> None:
    row["emails"] = [email_row(row["id"], entry) for entry in body.get("emails") or []]
    row["phoneNumbers"] = [phone_row(row["id"], entry) for entry in body.get("phoneNumbers") or []]
    row["locationIds"] = row["locationIds"] or ([row["locationId"]] if row["locationId"] else [])


def _complete_order(world: World, row: Row, _body: Row) -> None:
    location_id = row["locationId"] or next(iter(world.tables["location"]))
    if location_id not in world.tables["location"]:
        open_location(world.tables, location_id)
    customer = find(world, "customer", row["customerId"])
    vehicle = world.tables["vehicle"].get(row["vehicleId"] or "")
    row |= {
        "locationId": location_id,
        "number": str(_FIRST_ORDER_NUMBER + len(world.tables["order"])),
        "workflowStatusId": row["workflowStatusId"] or stable_id("workflow_status", location_id, COLUMNS[0]),
        "workflowStatusDate": row["createdDate"],
        "orderCreatedDate": row["createdDate"],
        "generatedCustomerName": full_name(customer),
        "generatedVehicleName": vehicle_name(vehicle),
        "coalescedName": row["name"],
        "conversationId": new_id(),
    }


def _complete_message(world: World, row: Row, _body: Row) -> None:
    order = world.tables["order"].get(row["orderId"] or "")
    if order is None and row["customerId"] is None:
        raise BoffError(400, "body must have required property 'customerId'")
    if order is not None:
        row |= {"customerId": order["customerId"], "conversationId": order["conversationId"]}
        row["locationId"] = order["locationId"]
    row["smsStatus"] = "Sent" if row["sendSms"] else None
    row["emailStatus"] = "Sent" if row["sendEmail"] else None


def _complete_appointment(_world: World, row: Row, _body: Row) -> None:
    span = parse_iso(row["endDate"]) - parse_iso(row["startDate"])
    row["duration"] = int(span.total_seconds() // 60)


_COMPLETE = {
    "customer": _complete_customer,
    "order": _complete_order,
    "message": _complete_message,
    "appointment": _complete_appointment,
}


def _consequences(world: World, table: str, row: Row) -> None:
    order = world.tables["order"].get(row.get("orderId") or "")
    if table == "appointment" and order is not None:
        _refresh_appointment_dates(world, order)
    if table == "message":
        _count_message(world, row, order)
        _send_from_shop(world, row)


def _refresh_appointment_dates(world: World, order: Row) -> None:
    dates = sorted(
        cast("str", a["startDate"])
        for a in world.tables["appointment"].values()
        if a["orderId"] == order["id"] and a["confirmationStatus"] != "Declined"
    )
    if dates != order["appointmentDates"]:
        _write(world, "order", order, {"appointmentDates": dates})


def _count_message(world: World, message: Row, order: Row | None) -> None:
    """Silent, unlike other changes: a count that moves with each note would double the webhooks."""
    for owner in (order, world.tables["customer"].get(message["customerId"] or "")):
        if owner is not None:
            owner["messageCount"] += 1
            owner["messagedDate"] = message["createdDate"]


def _send_from_shop(world: World, message: Row) -> None:
    customer = world.tables["customer"].get(message["customerId"] or "")
    shop = world.tables["location"].get(message["locationId"] or "")
    if customer is None or message["authorType"] == "Customer":
        return
    sender = shop or next(iter(world.tables["location"].values()))
    common = {"text": message["text"], "attachments": []}
    if message["sendSms"] and customer["phoneNumbers"]:
        to = customer["phoneNumbers"][0]["number"]
        world.deliver({"id": new_id(), "channel": "sms", "to": to, "from": sender.get("phone"), **common})
    if message["sendEmail"] and customer["emails"]:
        to, subject = (
            customer["emails"][0]["email"],
            message["emailSubject"] or f"Message from {sender['name']}",
        )
        mail = {"id": new_id(), "channel": "email", "to": to, "from": sender.get("email"), "subject": subject}
        world.deliver({**mail, "html": None, "headers": {}, **common})


def full_name(customer: Row) -> str | None:
    return " ".join(part for part in (customer["firstName"], customer["lastName"]) if part) or None


def vehicle_name(vehicle: Row | None) -> str | None:
    if vehicle is None:
        return None
    return " ".join(str(vehicle[part]) for part in ("year", "make", "model") if vehicle[part]) or None
