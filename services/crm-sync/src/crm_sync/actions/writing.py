"""The writes to the CRM: each looks first wherever an earlier attempt may have arrived."""

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import TypeVar, assert_never

from shared.events import Vehicle

from crm_sync.clients.errors import NotFound, Throttled, Unavailable
from crm_sync.clients.shopmonkey import ShopMonkey
from crm_sync.domain.appointment import (
    AppointmentWish,
    Look,
    Step,
    find_ours,
    linked_vehicle,
    marked_body,
    moved_body,
    new_body,
    next_step,
)
from crm_sync.domain.crm import CrmAppointment, Order, Record
from crm_sync.domain.entry import (
    Entry,
    customer_among,
    customer_body,
    marker_of_order,
    order_body,
    vehicle_among,
    vehicle_body,
)
from crm_sync.domain.lead_rule import LeadRule, same_name
from crm_sync.domain.notes import marked
from crm_sync.domain.sync import Done, Failed, NotThere, Outcome, Skipped, Unknown, Yielded
from crm_sync.tables import LeadReplica, Location, SyncTask

RecordT = TypeVar("RecordT", bound=Record)

_NOT_YET = Unknown("look-up: not there yet", looked=True)


@dataclass(frozen=True)
class Place:
    """Where a task writes; `crm_id` is the record that it wrote before, when that is known.

    `absent`: what a look-up does not find now is surely not there. `look`: the newest at that record.
    """

    location: Location
    lead: LeadReplica
    crm_id: str | None
    absent: bool
    look: Look | None = None


async def write(api: ShopMonkey, task: SyncTask, place: Place) -> Outcome | NotThere:
    """Raises the client's errors; `OutcomeUnknown` only from a write."""
    match task.kind:
        case "appointment":
            return await _write_appointment(api, task, place)
        case "message":
            return await _write_note(api, task, place)
        case "status":
            return await _move_order(api, task, place)
        case "customer":
            return await _write_customer(api, task, place)
        case "vehicle":
            return await _write_vehicle(api, task, place)
        case "order":
            return await _write_order(api, task, place)
        case kind:
            raise AssertionError(f"no such kind of task: {kind!r}")


async def _write_customer(api: ShopMonkey, task: SyncTask, place: Place) -> Outcome:
    entry, shop = Entry.model_validate(task.payload), str(place.location.crm_location_id)
    contact = entry.contact
    found = await _looked_up(task, api.customers_with(phone=contact.phone, email=contact.email))
    if isinstance(found, Unknown):
        return found
    standing = customer_among(found, contact, shop)
    if standing is not None:
        return Done(standing.id, customer=standing)
    if (reason := _why_not_written(entry, place)) is not None:
        return reason
    new = await api.create_customer(customer_body(entry, shop))
    return Done(new.id, customer=new, written=True)


async def _write_vehicle(api: ShopMonkey, task: SyncTask, place: Place) -> Outcome:
    entry = Entry.model_validate(task.payload)
    found = await _looked_up(task, _all(api.vehicles_of(str(entry.customer_id))))
    if isinstance(found, Unknown):
        return found
    standing = vehicle_among(found, entry.vehicle or Vehicle())
    if standing is not None:
        return Done(standing.id)
    if (reason := _why_not_written(entry, place)) is not None:
        return reason
    return Done(await api.create_vehicle(vehicle_body(entry, str(place.location.crm_location_id))))


async def _write_order(api: ShopMonkey, task: SyncTask, place: Place) -> Outcome:
    if place.crm_id is not None:
        return Done(place.crm_id)
    entry = Entry.model_validate(task.payload)
    if task.attempts > 1:
        found = await _looked_up(task, _all(api.orders_of(str(entry.customer_id))))
        if isinstance(found, Unknown):
            return found
        ours = [order for order in found if marker_of_order(order) == task.lead_id.hex[:12]]
        if ours:
            return Done(min(ours, key=lambda order: str(order.created_date or "")).id)
        if (reason := _why_not_written(entry, place)) is not None:
            return reason
    rule, shop = LeadRule.model_validate(place.location.lead_rule), str(place.location.crm_location_id)
    column_id = await api.columns.id_of(shop, rule.workflow_columns[0]) if rule.workflow_columns else None
    body = order_body(entry, task.lead_id, rule, crm_location_id=shop, column_id=column_id)
    return Done(await api.create_order(body))


def _why_not_written(entry: Entry, place: Place) -> Unknown | Failed | None:
    """Of a step that a look-up did not find."""
    if entry.settled:
        return Failed("not_found", detail="settled as written, and not found")
    return None if place.absent else _NOT_YET


async def _looked_up(task: SyncTask, look: Awaitable[list[RecordT]]) -> list[RecordT] | Unknown:
    """While a write of this task is in doubt, a look that failed leaves it so. Raises the client's errors else."""
    try:
        return await look
    except (Throttled, Unavailable) as error:
        if task.unknown_since is None:
            raise
        return _not_looked_up(error)


async def _all(look: Awaitable[tuple[list[RecordT], bool]]) -> list[RecordT]:
    """Raises `Unavailable` for a list with holes: what it does not show may be there."""
    found, complete = await look
    if not complete:
        raise Unavailable("the list is incomplete")
    return found


async def _write_appointment(api: ShopMonkey, task: SyncTask, place: Place) -> Outcome | NotThere:
    wish = AppointmentWish.model_validate(task.payload)
    try:
        standing = await _standing(api, task, place, wish)
    except (Throttled, Unavailable) as error:
        if task.attempts == 1:
            raise
        return _not_looked_up(error)
    if standing is not None:
        return await _change(api, standing, wish, place)
    reason = _why_not_new(wish, place)
    return reason or Done(await api.create_appointment(_new_body(wish, place)))


def _why_not_new(wish: AppointmentWish, place: Place) -> Skipped | Unknown | NotThere | None:
    if place.crm_id is None and not place.absent:
        return _NOT_YET
    if wish.action == "cancel":
        return Skipped("not_in_crm")
    if place.look is not None and not place.look.stands:
        return Skipped("deleted_there")
    if place.crm_id is not None and not wish.repeated:
        return NotThere()
    return None


async def _change(api: ShopMonkey, standing: CrmAppointment, wish: AppointmentWish, place: Place) -> Outcome:
    match next_step(standing, wish, place.look):
        case Step.NOTHING:
            return Done(standing.id)
        case Step.YIELD:
            return Yielded(standing, place.location.location_id)
        case Step.WRITE:
            return Done(
                await api.change_appointment(standing.id, moved_body(wish.fact, standing.location_id))
            )
        case Step.CANCEL:
            await api.cancel_appointment(standing.id, wish.reason)
            off = standing.model_copy(update={"deleted": True})
            return Done(await api.change_appointment(standing.id, marked_body(wish.fact, off)))
        case Step.MARK:
            return Done(await api.change_appointment(standing.id, marked_body(wish.fact, standing)))
        case step:
            assert_never(step)


async def _standing(
    api: ShopMonkey, task: SyncTask, place: Place, wish: AppointmentWish
) -> CrmAppointment | None:
    """Our appointment as the CRM has it. Only a first booking is sure to have none."""
    if place.crm_id is not None:
        try:
            return await api.appointment(place.crm_id)
        except NotFound:
            return None
    if task.attempts == 1 and wish.action == "book":
        return None
    return find_ours(await api.appointments_near(wish.starts), task.our_id)


def _new_body(wish: AppointmentWish, place: Place) -> dict[str, object]:
    own = Vehicle.model_validate(place.lead.vehicle) if place.lead.vehicle else None
    return new_body(
        wish.fact,
        crm_location_id=str(place.location.crm_location_id),
        customer_id=place.lead.customer_id,
        vehicle_id=linked_vehicle(wish.fact, own, place.lead.vehicle_id),
        order_id=place.lead.order_id,
    )


async def _write_note(api: ShopMonkey, task: SyncTask, place: Place) -> Outcome:
    if place.lead.order_id is None:
        return Skipped("lead_without_order")
    if place.crm_id is not None:
        return Done(place.crm_id)
    text = marked(str(task.payload["text"]), task.our_id)
    if task.attempts > 1:
        found = await _find_note(api, place.lead.order_id, text)
        if found is not None:
            return found
        if not place.absent:
            return _NOT_YET
    note_id = await api.write_note(
        order_id=place.lead.order_id, customer_id=place.lead.customer_id, text=text
    )
    return Done(note_id)


async def _find_note(api: ShopMonkey, order_id: str, text: str) -> Done | Unknown | None:
    """None: surely not there. What a list does not show is there or not; then it stays unknown."""
    try:
        messages, complete = await api.messages_of_order(order_id)
    except (Throttled, Unavailable) as error:
        return _not_looked_up(error)
    for message in messages:
        if (message.text or "").strip() == text.strip():
            return Done(message.id)
    return None if complete else Unknown("look-up: the list is incomplete", looked=True)


def _not_looked_up(error: Throttled | Unavailable) -> Unknown:
    return Unknown(f"look-up: {error}", looked=True, away=isinstance(error, Unavailable))


async def _move_order(api: ShopMonkey, task: SyncTask, place: Place) -> Outcome:
    """Writes a state, so that a second write of an unknown one is harmless."""
    rule = LeadRule.model_validate(place.location.lead_rule)
    wanted = {str(status): name for status, name in rule.status_columns.items()}.get(task.payload["status"])
    if wanted is None:
        return Skipped("no_column_for_status")
    if place.lead.order_id is None:
        return Skipped("lead_without_order")
    shop = str(place.location.crm_location_id)
    column_id = await api.columns.id_of(shop, wanted)
    if column_id is None:
        return Failed("no_such_column", detail=f"the board has no column {wanted!r}")
    order = await api.order(place.lead.order_id)
    if order.workflow_status_id == column_id:
        return Done(order.id)
    now_in = await api.columns.name_of(shop, order.workflow_status_id)
    if not _may_move(order, now_in, rule):
        return Skipped("in_the_shop_s_hands")
    return Done(await api.move_order(order.id, column_id))


def _may_move(order: Order, column: str | None, rule: LeadRule) -> bool:
    """An order that staff took on, or into a column of their own, stays where they put it."""
    if order.deleted or order.archived or order.authorized or order.status != "Estimate":
        return False
    return not rule.known_columns or (column is not None and same_name(column) in rule.known_columns)
