"""Vendors whose answers never end, lead elsewhere or cannot be decrypted."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from faults.front import Front, Mood
from faults.scenarios.table import Run, scenario
from faults.system import System

SAME_READ_MOST = 30
"""In the five seconds of a mood. Several leads read the same, each three times; insisting without a pause makes hundreds."""


@scenario(16)
async def vendors_answers_without_end(run: Run) -> None:
    """50 MB, one byte a second, a redirect, and a connection that is no TLS; what was asked is always carried out."""
    moods: list[Mood] = ["huge", "redirect", "trickle"]
    async with Front(run.system.stack.sandbox).running() as front:
        async with behind(run.system, f"https://127.0.0.1:{front.port}"):
            run.load.new_story()
            await run.moment(2, 3)
            run.injected.append("TLS error")
        async with behind(run.system, f"http://127.0.0.1:{front.port}"):
            for mood in moods:
                front.asked.clear()
                front.mood = "well"
                _, told = run.load.new_story(chats=True, books=True)
                await run.moment(1, 2)
                front.mood = mood
                run.load.new_story(chats=True, books=True)
                await run.moment(4, 5)
                assert not storms(front), f"{mood}: {storms(front)}"
                run.injected.append(f"{front.spoiled[mood]} x {mood}")
                front.mood = "well"
                await told
        assert all(front.spoiled[mood] for mood in moods), front.spoiled


def storms(front: Front) -> list[tuple[int, bytes]]:
    """A write is carried out and then looked up, so it is sent once."""
    return [
        (count, asked[:200])
        for asked, count in front.asked.items()
        if count > (1 if is_write(asked) else SAME_READ_MOST)
    ]


def is_write(asked: bytes) -> bool:
    """Claude is asked, not told; a search reads."""
    return not asked.startswith((b"GET ", b"POST /anthropic/")) and b"/search" not in asked


@asynccontextmanager
async def behind(system: System, origin: str) -> AsyncIterator[None]:
    """ShopMonkey, Twilio and Claude are reached there instead of at the sandbox."""
    names = {
        "crm-sync": "CRM_SYNC_SHOPMONKEY_ACCOUNTS",
        "notifier": "NOTIFIER_TWILIO_BASE_URL",
        "chat": "CHAT_ANTHROPIC_BASE_URL",
    }
    own = {service: system.settings_of(service)[name] for service, name in names.items()}
    assert all(system.stack.sandbox in value for value in own.values()), own
    moved = {service: value.replace(system.stack.sandbox, origin) for service, value in own.items()}
    async with system.with_settings({service: {names[service]: moved[service]} for service in names}):
        yield
