"""Words are read in a thread: some 5 ms a sentence. What was read is remembered, so whoever asks again in the loop has it at once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from chat.domain.intents import Context
from chat.domain.language import is_foreign, language_of
from chat.domain.understanding import understand
from chat.domain.understanding.topics import nearest, topic_of


@asynccontextmanager
async def reading() -> AsyncIterator[None]:
    """Loads the weights beside the start of the service."""
    loading = asyncio.create_task(asyncio.to_thread(_load))
    try:
        yield
    finally:
        await loading


def _load() -> None:
    is_foreign("good morning to you all")
    topic_of("hello")


async def hear_language(text: str) -> None:
    await asyncio.to_thread(language_of, text)


async def hear(text: str, context: Context) -> None:
    await asyncio.to_thread(_hear, text, context)


def _hear(text: str, context: Context) -> None:
    nearest(text, context.knowledge)
    understand(text, context)
