"""A list of columns with holes says nothing about a column that is not in it."""

import time

import pytest
from crm_sync.clients.columns import Board, Columns
from crm_sync.clients.errors import Unavailable
from crm_sync.domain.crm import Column

LEADS = Column.model_validate({"id": "c1", "name": "Website Leads"})
BOOKED = Column.model_validate({"id": "c2", "name": "Appointments"})


def board(*columns, complete):
    return Board(columns, complete, time.monotonic())


def reading(*boards):
    left = list(boards)

    async def read(_location_id):
        return left.pop(0)

    return Columns(read)


async def test_a_column_that_a_list_with_holes_lacks_is_unknown_and_asked_for_again():
    columns = reading(board(LEADS, complete=False), board(LEADS, BOOKED, complete=True))
    assert await columns.name_of("shop", "c1") == "Website Leads"
    assert await columns.name_of("shop", "c2") == "Appointments"


async def test_neither_is_it_said_not_to_exist():
    columns = reading(*(board(LEADS, complete=False) for _ in range(4)))
    for ask in (columns.name_of("shop", "c2"), columns.id_of("shop", "Appointments")):
        with pytest.raises(Unavailable):
            await ask


async def test_of_a_whole_list_it_is_said_and_not_asked_for_again_at_once():
    columns = reading(board(LEADS, complete=True))
    assert await columns.name_of("shop", "c2") is None
    assert await columns.id_of("shop", "Appointments") is None
