"""The gateway between idle customers and services that restart: nobody gets a 502."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence

import httpx2
from testkit.shopmonkey import body_of, deliver, order_row, signed_headers

from faults.load import LOCATIONS, Story
from faults.scenarios.table import Run, scenario

BURSTS = 20
REQUESTS_A_BURST = 250
AT_ONCE = 50
PAUSES_SECONDS = (5.0, 4.9, 5.1, 60.0, 5.0, 5.2, 4.8, 75.0, 5.0, 60.5)
"""Around where an idle connection is closed: by uvicorn unless told otherwise, by our gateway, by our services."""
RESTARTED = ("ingest", "chat", "booking", "notifier")

Send = Callable[[httpx2.AsyncClient], Awaitable[httpx2.Response]]


@scenario(32, group="faults_long")
async def five_thousand_requests_with_idle_pauses(run: Run) -> None:
    """In every third burst a service restarts."""
    story, told = run.load.new_story(chats=True, books=False)
    await told
    requests = _requests(run, story)
    counts: Counter[str] = Counter()
    async with httpx2.AsyncClient(timeout=90, trust_env=False) as http:
        for burst in range(BURSTS):
            restarted = RESTARTED[burst // 3 % len(RESTARTED)] if burst % 3 == 2 else None
            await asyncio.gather(
                _send_burst(http, requests, counts),
                *([run.system.restart(restarted)] if restarted else []),
            )
            if burst < BURSTS - 1:
                await asyncio.sleep(PAUSES_SECONDS[burst % len(PAUSES_SECONDS)])
    run.injected.append(f"{counts.total()} requests: {dict(counts)}")
    assert counts.total() == BURSTS * REQUESTS_A_BURST
    assert not [found for found in counts if found >= "5"], counts


async def _send_burst(http: httpx2.AsyncClient, requests: Sequence[Send], counts: Counter[str]) -> None:
    waiting = iter([requests[at % len(requests)] for at in range(REQUESTS_A_BURST)])

    async def work() -> None:
        for send in waiting:
            try:
                counts[str((await send(http)).status_code)] += 1
            except httpx2.TransportError as error:
                counts[type(error).__name__] += 1

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))


def _requests(run: Run, story: Story) -> list[Send]:
    """Of each service at least one; those that make something carry the id of what was made before."""
    gateway, bearer = run.system.stack.gateway, {"Authorization": f"Bearer {story.token}"}
    client_id, text = story.said[0]

    async def webhook(http: httpx2.AsyncClient) -> httpx2.Response:
        body = body_of(order_row(LOCATIONS[story.location], id=story.order_id))
        headers = signed_headers(run.load.secrets[0], body, webhook_id=story.webhook_id)
        return await deliver(http, gateway, body, headers)

    async def session(http: httpx2.AsyncClient) -> httpx2.Response:
        return await http.get(f"{gateway}/api/chat/session/me", headers=bearer)

    async def message(http: httpx2.AsyncClient) -> httpx2.Response:
        said = {"client_id": client_id, "text": text}
        return await http.post(f"{gateway}/api/chat/message", json=said, headers=bearer)

    async def quote(http: httpx2.AsyncClient) -> httpx2.Response:
        wish = {"service": "full-ceramic"}
        return await http.post(f"{gateway}/api/booking/quotes", json=wish, headers=bearer)

    async def unsubscribe(http: httpx2.AsyncClient) -> httpx2.Response:
        return await http.get(f"{gateway}/u/no-such-token")

    return [webhook, session, message, quote, unsubscribe]
