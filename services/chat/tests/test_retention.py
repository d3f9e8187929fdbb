"""What the assistant's answers rested on leaves when it is too old; messages and verdicts stay."""

import pytest
from chat import store
from chat.holdings import RETENTION
from shared.db.engine import transaction
from shared.retention import Remover, ages_of
from sqlalchemy import text

from .conftest import TENANT
from .test_erasing import in_the_making

pytestmark = pytest.mark.postgres


async def after_a_night(sessions, *, days: int) -> list[tuple[object, ...]]:
    async with transaction(sessions, TENANT) as session:
        for table in ("receipts", "verdicts"):
            await session.execute(
                text(f"UPDATE {table} SET created_at = now() - make_interval(days => :days)"),  # noqa: S608
                {"days": days},
            )
    await Remover(sessions, RETENTION, ages_of(RETENTION.kinds, {}), store.tenant_ids).run()
    counts = """SELECT (SELECT count(*) FROM receipts) > 0, (SELECT count(*) FROM verdicts),
        (SELECT count(*) FROM verdicts WHERE sentence = 'aardwolf'), (SELECT count(*) FROM chat_messages)"""
    async with transaction(sessions, TENANT) as session:
        return [tuple(row) for row in await session.execute(text(counts))]


async def test_old_receipts_and_sentences_go_and_the_conversation_goes_on(open_chat, lead_received, sessions):
    chat = await open_chat(lead_received)
    await chat.answer_to("How much is the ceramic tint for my 2022 Honda CR-V?")
    await in_the_making(sessions, lead_received.lead_id)
    [(has_receipts, verdicts, sentences, messages)] = await after_a_night(sessions, days=364)
    assert (has_receipts, verdicts, sentences) == (True, 1, 1)
    assert await after_a_night(sessions, days=366) == [(False, 1, 0, messages)]
    assert await chat.answer_to("And what does it cost?")
