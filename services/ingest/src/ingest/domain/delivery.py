"""What a ShopMonkey webhook says, and what became of its delivery."""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeAlias
from uuid import UUID, uuid5

from pydantic import BaseModel, BeforeValidator, Field, ValidationError
from shared.contact import address_or_none
from shared.text import cleaned, cleaned_json

from ingest.domain.signature import SignatureHeaders

MAX_WEBHOOK_ID = 200
_NAMES_NOBODY = frozenset({
    "id", "orderId", "locationId", "startDate", "endDate", "allDay", "confirmationStatus", "deleted", "metadata", "updatedDate",
})  # fmt: skip
"""Fields of an order, an appointment or a message; `metadata` holds the ids that we gave."""

DeliveryStatus = Literal["accepted", "unknown_location", "disabled_location"]
OUR_SOURCE = "lead-orchestrator"
_OUR_MARKER = re.compile(r"^\[ref ([0-9a-f]{12})\]\s*$", re.MULTILINE)
_LONGEST_SIGN = 320
_MAY_BE_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+|[+(]?\d[\d\s().+-]{5,58}")
_MOST_ADDRESSES = 100
"""Of one row: to read one takes a tenth of a millisecond."""

Refusal = Literal["unknown_location", "disabled_location"]


class Malformed(Exception):
    """Not an envelope of ShopMonkey; the text names the fields and repeats none of their content."""


def _names(value: object) -> tuple[str, ...]:
    """A `diff` in a form not seen yet must not cost the delivery."""
    return tuple(cleaned(v) for v in value if isinstance(v, str)) if isinstance(value, list) else ()


class ShopmonkeyChange(BaseModel):
    operation: Literal["INSERT", "UPDATE", "DELETE"]
    table: str = Field(pattern=r"^[A-Za-z0-9_]{1,100}$")
    data: Annotated[dict[str, Any], BeforeValidator(cleaned_json)]
    """Cleaned, since half a character in somebody's note must not cost the delivery."""
    diff: Annotated[tuple[str, ...], BeforeValidator(_names)] = ()

    def crm_location_id(self) -> str | None:
        """The location that the row says it belongs to; `None`: it says nothing (customers belong to the company)."""
        named = self.data.get("locationId")
        return None if named is None else str(named)

    def order_id(self) -> str | None:
        """The order that the row is, or is about."""
        named = self.data.get("id" if self.table == "order" else "orderId")
        return None if named is None else str(named)

    def leads_marked(self) -> tuple[UUID, UUID] | None:
        """The first and last id of a lead that crm-sync may have written this order for; None: our marker is not there."""
        metadata = self.data.get("metadata")
        if isinstance(metadata, dict) and metadata.get("source") == OUR_SOURCE:
            with suppress(ValueError):
                lead_id = UUID(str(metadata.get("lead_id")))
                return lead_id, lead_id
        found = _OUR_MARKER.search(str(self.data.get("note"))) if self.table == "order" else None
        return (UUID(found[1].ljust(32, "0")), UUID(found[1].ljust(32, "f"))) if found else None

    def signs(self) -> set[str]:
        """Whom the row may be about: its texts, and those that are an address as leads keep it, too."""
        texts = set(_texts(self.data))
        addresses = [one for one in sorted(texts) if _MAY_BE_ADDRESS.fullmatch(one)][:_MOST_ADDRESSES]
        return texts | {address for one in addresses if (address := address_or_none(one))}

    def bare(self) -> "ShopmonkeyChange":
        """Which record changed, and when somebody comes; without a word of anybody's."""
        row = {name: value for name, value in self.data.items() if name in _NAMES_NOBODY}
        return self.model_copy(update={"data": row, "diff": ()})

    def to_json(self) -> bytes:
        """As `read_change` reads it."""
        return self.model_dump_json().encode()


def _texts(data: dict[str, Any]) -> Iterator[str]:
    """All that are short enough to name somebody, however deep."""
    left: list[object] = [data]
    while left:
        match left.pop():
            case dict() as found:
                left.extend(found.values())
            case list() as found:
                left.extend(found)
            case str() as found if len(found) <= _LONGEST_SIGN:
                yield found


def read_change(body: bytes) -> ShopmonkeyChange:
    """Raises `Malformed`."""
    try:
        return ShopmonkeyChange.model_validate(json.loads(body))
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, e['loc'])) or 'body'}: {e['msg']}" for e in error.errors()]
        raise Malformed("; ".join(faults)) from error
    except (ValueError, RecursionError) as error:
        raise Malformed("body: this is not JSON, or nested too deeply") from error


def check_webhook_id(webhook_id: str) -> None:
    """Raises `Malformed` where it would not fit the index that keeps it unique."""
    if len(webhook_id) > MAX_WEBHOOK_ID:
        raise Malformed(f"webhook-id: over {MAX_WEBHOOK_ID} characters")


def delivery_id(tenant_id: UUID, webhook_id: str) -> UUID:
    """The same for every attempt of one webhook, so that all of them are answered alike."""
    return uuid5(tenant_id, webhook_id)


@dataclass(frozen=True)
class IncomingWebhook:
    """As it came over the wire; `kept_headers` are those that ops may need later."""

    signature: SignatureHeaders
    kept_headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Accepted:
    delivery_id: UUID


@dataclass(frozen=True)
class Duplicate:
    delivery_id: UUID


@dataclass(frozen=True)
class Refused:
    """Kept with its reason, and not passed on."""

    delivery_id: UUID
    reason: Refusal


Outcome: TypeAlias = Accepted | Duplicate | Refused
