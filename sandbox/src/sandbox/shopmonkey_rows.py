"""ShopMonkey's records: which fields exist, which are demanded, and what a new one starts with."""

from sandbox.envelope import BoffError
from sandbox.rows import Row, iso, new_id, now, parse_iso
from sandbox.sample import COMPANY_ID

COLORS = {"aqua", "black", "blue", "brown", "gray", "green", "orange", "purple", "red", "yellow"}
SIZES = {"LightDuty", "MediumDuty", "HeavyDuty", "Other"}

_BASE: Row = {"companyId": COMPANY_ID, "locationId": None, "deleted": False, "metadata": None}
_TEMPLATES: dict[str, Row] = {
    "customer": {
        "companyName": None,
        "firstName": None,
        "lastName": None,
        "customerType": "Customer",
        "address1": None,
        "address2": None,
        "city": None,
        "state": None,
        "postalCode": None,
        "country": None,
        "note": None,
        "marketingOptIn": True,
        "preferredContactMethod": None,
        "externalId": None,
        "locationIds": [],
        "emails": [],
        "phoneNumbers": [],
        "messageCount": 0,
        "orderCount": 0,
        "vehicleCount": 0,
    },
    "vehicle": {
        "customerId": None,
        "year": None,
        "make": None,
        "model": None,
        "submodel": None,
        "size": None,
        "vin": None,
        "color": None,
        "type": None,
        "licensePlate": None,
        "licensePlateState": None,
    },
    "order": {
        "number": None,
        "name": None,
        "coalescedName": None,
        "generatedCustomerName": None,
        "generatedVehicleName": None,
        "complaint": None,
        "recommendation": None,
        "note": None,
        "status": "Estimate",
        "workflowStatusId": None,
        "workflowStatusDate": None,
        "workflowStatusPosition": 0,
        "authorized": False,
        "authorizedDate": None,
        "invoiced": False,
        "invoicedDate": None,
        "paid": False,
        "fullyPaidDate": None,
        "archived": False,
        "customerId": None,
        "vehicleId": None,
        "conversationId": None,
        "appointmentDates": [],
        "assignedTechnicianIds": [],
        "labels": [],
        "messageCount": 0,
        "messagedDate": None,
        "shopUnreadMessageCount": 0,
        "totalCostCents": 0,
        "paidCostCents": 0,
        "remainingCostCents": 0,
        "orderCreatedDate": None,
        "dueDate": None,
        "completedDate": None,
        "attributionSource": None,
        "externalNumber": None,
        "color": None,
    },
    "appointment": {
        "name": None,
        "note": None,
        "startDate": None,
        "endDate": None,
        "duration": 0,
        "allDay": False,
        "color": None,
        "customerId": None,
        "vehicleId": None,
        "orderId": None,
        "technicians": [],
        "useEmail": False,
        "useSMS": False,
        "sendConfirmation": False,
        "sendReminder": False,
        "confirmationStatus": "NoResponse",
        "cancellationNote": None,
        "attributionSource": "Manual",
        "rruleset": None,
        "removedFromRecurrency": False,
    },
    "message": {
        "text": None,
        "type": "Transactional",
        "contentType": "PlainText",
        "authorType": "User",
        "origin": "Web",
        "internal": False,
        "sendSms": False,
        "sendEmail": False,
        "emailSubject": None,
        "smsStatus": None,
        "emailStatus": None,
        "customerId": None,
        "orderId": None,
        "appointmentId": None,
        "userId": None,
        "conversationId": None,
        "phoneNumberId": None,
        "shopRead": True,
    },
    "webhook": {
        "name": None,
        "url": None,
        "triggers": [],
        "enabled": True,
        "secret": None,
        "version": 3,
        "error": False,
        "errorMessage": None,
        "errorDate": None,
    },
}
_REQUIRED = {
    "appointment": ("name", "startDate", "endDate", "color"),
    "vehicle": ("customerId", "size"),
    "order": ("customerId",),
    "message": ("text",),
    "webhook": ("name", "url", "triggers"),
}
_CHOICES = {"appointment": ("color", COLORS), "vehicle": ("size", SIZES)}
_READ_ONLY = {
    "id",
    "companyId",
    "createdDate",
    "updatedDate",
    "emails",
    "phoneNumbers",
    "number",
    "messageCount",
}
WRITABLE = frozenset(_TEMPLATES)


def blank(table: str) -> Row:
    stamp = iso(now())
    fresh = {
        name: list(value) if isinstance(value, list) else value for name, value in _TEMPLATES[table].items()
    }
    return {"id": new_id(), "createdDate": stamp, "updatedDate": stamp, **_BASE, **fresh}


def check_new(table: str, body: Row) -> None:
    for name in _REQUIRED.get(table, ()):
        if body.get(name) in (None, ""):
            raise BoffError(400, f"body must have required property '{name}'")
    check_change(table, body)


def check_change(table: str, body: Row) -> None:
    name, allowed = _CHOICES.get(table, ("", set()))
    if name in body and body[name] not in allowed:
        raise BoffError(400, f"body/{name} must be equal to one of the allowed values")
    if table == "appointment":
        _check_span(body)


def _check_span(body: Row) -> None:
    try:
        moments = {name: parse_iso(str(body[name])) for name in ("startDate", "endDate") if name in body}
    except ValueError as error:
        raise BoffError(400, 'body/startDate must match format "date-time"') from error
    if len(moments) == 2 and moments["endDate"] <= moments["startDate"]:
        raise BoffError(400, "endDate must be after startDate")


def known_fields(table: str, body: Row) -> Row:
    """Drops what ShopMonkey drops in silence: unknown and read-only names (`title`, `notes`, a top-level `email`)."""
    known = {*_TEMPLATES[table], *_BASE} - _READ_ONLY
    return {name: value for name, value in body.items() if name in known}


def email_row(customer_id: str, entry: object) -> Row:
    given: Row = entry if isinstance(entry, dict) else {"email": entry}
    return {
        "id": new_id(),
        "customerId": customer_id,
        "email": given.get("email"),
        "primary": bool(given.get("primary", True)),
        "subscribed": given.get("subscribed", True),
    }


def phone_row(customer_id: str, entry: object) -> Row:
    given: Row = entry if isinstance(entry, dict) else {"number": entry}
    return {
        "id": new_id(),
        "customerId": customer_id,
        "number": given.get("number"),
        "primary": bool(given.get("primary", True)),
        "optIn": given.get("optIn", True),
        "type": given.get("type", "Mobile"),
        "country": "US",
    }
