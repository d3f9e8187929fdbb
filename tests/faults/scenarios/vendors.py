"""ShopMonkey, Twilio, the mail server and Claude in every bad mood."""

from contextlib import AsyncExitStack

from faults.scenarios.table import Run, scenario


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
