"""The sample shops as ShopMonkey knows them; every name and number is invented."""

import hashlib

from sandbox.rows import Row

COMPANY_ID = "5a3d6b1c0f2e4d7a9b8c1e05"
CREATED = "2026-01-05T17:00:00.000Z"
COLUMNS = ("Website Leads", "Contacted", "Appointments", "In Progress", "Invoiced")
LOCATION_OF_CODE = {"Store094": "sample-sm-094", "Store201": "sample-sm-201"}
TABLES = (
    "location",
    "workflow_status",
    "canned_service",
    "customer",
    "vehicle",
    "order",
    "appointment",
    "message",
    "webhook",
)

_LOCATIONS: tuple[Row, ...] = (
    {
        "id": "sample-sm-094",
        "name": "Sample Tint San Diego",
        "timezone": "America/Los_Angeles",
        "address1": "100 Sample Street",
        "city": "San Diego",
        "state": "CA",
        "postalCode": "92101",
        "phone": "+16195550194",
        "email": "store094@sample-tint.example",
    },
    {
        "id": "sample-sm-201",
        "name": "Sample Tint Phoenix",
        "timezone": "America/Phoenix",
        "address1": "200 Sample Avenue",
        "city": "Phoenix",
        "state": "AZ",
        "postalCode": "85001",
        "phone": "+16025550121",
        "email": "store201@sample-tint.example",
    },
)
_SERVICES = (
    ("Window tint, full car, carbon film", 29_900),
    ("Window tint, full car, ceramic film", 49_900),
    ("Windshield ceramic film", 24_900),
)


def stable_id(*parts: str) -> str:
    """The same 24 hex digits after every reset, as columns and services keep their ids in the real shop."""
    return hashlib.sha256("/".join(parts).encode()).hexdigest()[:24]


def base_tables() -> dict[str, dict[str, Row]]:
    tables: dict[str, dict[str, Row]] = {name: {} for name in TABLES}
    for location in _LOCATIONS:
        open_location(tables, str(location["id"]), **location)
    return tables


def open_location(tables: dict[str, dict[str, Row]], location_id: str, **fields: object) -> None:
    """A shop with its workflow columns and canned services."""
    shop: Row = {
        "name": location_id,
        "timezone": "America/Los_Angeles",
        "country": "US",
        "website": None,
        **fields,
    }
    tables["location"][location_id] = {
        "companyId": COMPANY_ID,
        "createdDate": CREATED,
        **shop,
        "id": location_id,
    }
    for position, name in enumerate(COLUMNS):
        column = _column(location_id, name, position)
        tables["workflow_status"][column["id"]] = column
    for name, cents in _SERVICES:
        service = _canned_service(location_id, name, cents)
        tables["canned_service"][service["id"]] = service


def _column(location_id: str, name: str, position: int) -> Row:
    return {
        "id": stable_id("workflow_status", location_id, name),
        "name": name,
        "position": position,
        "locationId": location_id,
        "companyId": COMPANY_ID,
        "invoiceWorkflow": name == "Invoiced",
        "repairOrderWorkflow": name == "In Progress",
        "archiveWhenInactive": False,
        "archiveWhenPaid": name == "Invoiced",
        "daysToArchive": 30,
        "createdDate": CREATED,
        "updatedDate": CREATED,
    }


def _canned_service(location_id: str, name: str, cents: int) -> Row:
    return {
        "id": stable_id("canned_service", location_id, name),
        "name": name,
        "note": None,
        "pricing": "FixedPrice",
        "fixedPriceCents": cents,
        "totalCents": cents,
        "bookable": True,
        "deleted": False,
        "locationId": location_id,
        "companyId": COMPANY_ID,
        "labors": [{"name": name, "hours": 2.0, "rateCents": cents // 2}],
        "parts": [],
        "fees": [],
        "createdDate": CREATED,
        "updatedDate": CREATED,
    }
