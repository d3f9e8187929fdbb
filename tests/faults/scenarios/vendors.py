"""ShopMonkey, Twilio, the mail server and Claude in every bad mood."""

import asyncio
import os
import time
from contextlib import AsyncExitStack
from functools import partial

from testkit.patience import eventually

from faults.audit import intents_open
from faults.scenarios.table import Run, scenario

OUTAGE_SECONDS = int(os.environ.get("FAULTS_OUTAGE_SECONDS", "600"))
LEADS_BEFORE = 20
"""Their messages are on their way when it begins."""
LEADS_MEANWHILE = 60


@scenario(15, group="faults_quick")
async def vendors_time_out_after_they_did_it(run: Run) -> None:
    async with AsyncExitStack() as stack:
        for vendor in ("shopmonkey", "twilio", "smtp"):
            fault = {"mode": "timeout_after_commit", "rate": 0.4, "seconds": 0.5}
            await stack.enter_async_context(run.system.vendor_fault(vendor, **fault))
            run.injected.append(f"{vendor} times out after commit")
        run.load.new_story(chats=True, books=True)
        await run.moment(4, 5)


@scenario(15, 16)
async def shopmonkey_in_every_bad_mood(run: Run) -> None:
    moods: list[dict[str, object]] = [
        {"mode": "status", "status": 429, "retry_after": 1},
        {"mode": "status", "status": 500},
        {"mode": "timeout", "seconds": 1},
        {"mode": "disconnect"},
        {"mode": "malformed", "rate": 0.5},
        {"mode": "html_403"},
        {"mode": "slow", "seconds": 2},
        {"mode": "drop_rows", "rate": 0.3},
    ]
    for mood in run.dice.sample(moods, len(moods)):
        async with run.system.vendor_fault("shopmonkey", **mood):
            run.load.new_story(chats=True, books=True)
            await run.moment(1.5, 2)
        run.injected.append(f"{mood['mode']} {mood.get('status', '')}".strip())


@scenario(15, 16)
async def twilio_and_mail_down_and_hanging(run: Run) -> None:
    moods: list[dict[str, object]] = [
        {"mode": "status", "status": 503},
        {"mode": "status", "status": 429, "retry_after": 1},
        {"mode": "timeout", "seconds": 1, "rate": 0.5},
        {"mode": "disconnect", "rate": 0.5},
        {"mode": "malformed", "rate": 0.5},
        {"mode": "slow", "seconds": 2},
    ]
    for mood in moods:
        mail = {**mood, "status": 451} if mood["mode"] == "status" else mood
        async with run.system.vendor_fault("twilio", **mood), run.system.vendor_fault("smtp", **mail):
            run.load.new_story()
            await run.moment(1.5, 2)
        run.injected.append(str(mood["mode"]))


@scenario(28)
async def claude_overloaded_hanging_and_talking_nonsense(run: Run) -> None:
    moods: list[dict[str, object]] = [
        {"mode": "status", "status": 529},
        {"mode": "status", "status": 500},
        {"mode": "malformed"},
        {"mode": "disconnect"},
        {"mode": "timeout", "seconds": 30},
    ]
    for mood in moods:
        async with run.system.vendor_fault("anthropic", **mood):
            run.load.new_story(chats=True, books=True)
            await run.moment(2, 3)
        run.injected.append(f"{mood['mode']} {mood.get('status', '')}".strip())


@scenario(15, group="faults_long")
async def vendors_away_for_ten_minutes(run: Run) -> None:
    """What gathered goes when they are back: one tries them, then all; webhooks about what nobody could read come again."""
    waited = await _customers_while_vendors_are_away(run)
    returned = time.monotonic()
    for what, through in (("what was planned", _all_sent), ("all", _all_known)):
        await eventually(partial(through, run), within_seconds=900, every_seconds=0.5)
        run.injected.append(f"{what} {time.monotonic() - returned:.1f} s after the return")
    run.injected.append(f"{waited} messages and writes had waited")


async def _customers_while_vendors_are_away(run: Run) -> int:
    away = {"mode": "status", "status": 503}
    async with AsyncExitStack() as stack:
        for _ in range(LEADS_BEFORE):
            await run.load.new_story(chats=False, books=False)[1]
        for vendor, fault in {"twilio": away, "smtp": away | {"status": 451}, "shopmonkey": away}.items():
            await stack.enter_async_context(run.system.vendor_fault(vendor, **fault))
        for _ in range(LEADS_MEANWHILE):
            run.load.new_story(chats=False, books=False)
            await asyncio.sleep(OUTAGE_SECONDS / LEADS_MEANWHILE)
        return len(await intents_open(run.system))


async def _all_sent(run: Run) -> bool:
    return not await intents_open(run.system)


async def _all_known(run: Run) -> bool:
    orders = [story.order_id for story in run.load.stories]
    query = "SELECT count(*) AS known FROM ingest.leads WHERE order_id = ANY($1)"
    [row] = await run.system.rows(query, orders)
    return bool(row["known"] == len(orders)) and await _all_sent(run)
