"""The three kinds of writes to the CRM: each looks first wherever an earlier attempt may have arrived."""

from dataclasses import dataclass
from typing import assert_never

from shared.events import Vehicle

from crm_sync.clients.errors import NotFound, Throttled, Unavailable
from crm_sync.clients.shopmonkey import ShopMonkey
from crm_sync.domain.appointment import (
    AppointmentWish,
    Look,
    Step,
    find_ours,
    gone,
    linked_vehicle,
    marked_body,
    moved_body,
    new_body,
    next_step,
)
from crm_sync.domain.crm import CrmAppointment, Order
from crm_sync.domain.lead_rule import LeadRule, same_name
from crm_sync.domain.notes import marked
from crm_sync.domain.sync import Done, Failed, Outcome, Skipped, Unknown, Yielded
from crm_sync.tables import LeadReplica, Location, SyncTask

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


async def write(api: ShopMonkey, task: SyncTask, place: Place) -> Outcome:
    """Raises the client's errors; `OutcomeUnknown` only from a write."""
    match task.kind:
        case "appointment":
            return await _write_appointment(api, task, place)
        case "message":
            return await _write_note(api, task, place)
        case "status":
            return await _move_order(api, task, place)
        case kind:
            raise AssertionError(f"no such kind of task: {kind!r}")


async def _write_appointment(api: ShopMonkey, task: SyncTask, place: Place) -> Outcome:
    wish = AppointmentWish.model_validate(task.payload)
    try:
        standing = await _standing(api, task, place, wish)
    except (Throttled, Unavailable) as error:
        if task.attempts == 1:
            raise
        return Unknown(f"look-up: {error}", looked=True)
    if standing is not None:
        return await _change(api, standing, wish, place)
    if place.crm_id is None and not place.absent:
        return _NOT_YET
    if wish.action == "cancel":
        return Skipped("not_in_crm")
    if place.crm_id is not None:
        return Yielded(gone(place.crm_id, task.our_id, wish.fact.start), place.location.location_id)
    return Done(await api.create_appointment(_new_body(wish, place)))


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
        return Unknown(f"look-up: {error}", looked=True)
    for message in messages:
        if (message.text or "").strip() == text.strip():
            return Done(message.id)
    return None if complete else Unknown("look-up: the list is incomplete", looked=True)


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
