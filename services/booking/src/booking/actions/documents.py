"""What operators import as a whole: the catalogue, and what the shops say."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias
from uuid import UUID

from shared.events import CatalogChanged, EventData, KnowledgeChanged

from booking.domain import knowledge as statements
from booking.domain.catalog import VEHICLE_CLASSES, Offer, published
from booking.domain.catalog_import import CATALOG_FORMAT
from booking.domain.entries import EntryT
from booking.domain.knowledge import KNOWLEDGE_FORMAT, Statement
from booking.domain.rows import Format
from booking.store.catalog import SERVICES
from booking.store.entries import Kept
from booking.store.knowledge import STATEMENTS


@dataclass(frozen=True)
class Document(Generic[EntryT]):
    """`fact` is the event that tells a location's entries of today, by location, version and entries."""

    name: str
    form: Format
    build: Callable[..., EntryT]
    kept: Kept[EntryT]
    fact: Callable[[UUID, int, Sequence[EntryT]], EventData]


def _catalog_changed(location_id: UUID, version: int, offers: Sequence[Offer]) -> CatalogChanged:
    return CatalogChanged(
        location_id=location_id,
        version=version,
        services=tuple(published(offer) for offer in offers),
        vehicle_classes=VEHICLE_CLASSES,
    )


def _knowledge_changed(location_id: UUID, version: int, entries: Sequence[Statement]) -> KnowledgeChanged:
    return KnowledgeChanged(
        location_id=location_id,
        version=version,
        entries=tuple(statements.published(statement) for statement in entries),
    )


CATALOG = Document("catalog", CATALOG_FORMAT, Offer, SERVICES, _catalog_changed)
KNOWLEDGE = Document("knowledge", KNOWLEDGE_FORMAT, Statement, STATEMENTS, _knowledge_changed)
AnyDocument: TypeAlias = Document[Any]
DOCUMENTS: tuple[AnyDocument, ...] = (CATALOG, KNOWLEDGE)
