"""Webhooks that come often, late, slowly, forged, or signed with another secret."""

import asyncio
import json
from urllib.parse import urlsplit

from testkit.patience import eventually
from testkit.shopmonkey import body_of, deliver, order_row, signed_headers

from faults.load import LOCATIONS, Story
from faults.scenarios.table import Run, scenario
from faults.system import PATIENCE_SECONDS, ROOT, System


async def webhook_status(system: System, body: bytes, **headers: object) -> int:
    signed = signed_headers(system.stack.secrets["webhook_secret"], body, **headers)  # type: ignore[arg-type]
    return (await deliver(system.http, system.stack.gateway, body, signed)).status_code


@scenario(18, 19, group="faults_quick")
async def duplicate_reordered_and_late_webhooks(run: Run) -> None:
    """An update comes before its insert, deliveries come up to fifty times at once, and again when all is over."""
    system, load = run.system, run.load
    stories = [load.new_story(duplicates=count) for count in (1, 4, 49)]
    for story, _ in stories:

        async def ordered(story: Story = story) -> bool:
            return bool(story.order_id)

        await eventually(ordered, within_seconds=PATIENCE_SECONDS)
        update = body_of(order_row(LOCATIONS[story.location], id=story.order_id), operation="UPDATE")
        assert await webhook_status(system, update) == 202
    await asyncio.gather(*(told for _, told in stories))
    for story, _ in stories:
        await load.sends_the_webhook(story)
        assert story.answers.count(202) == 1, story.answers
    run.injected.append("57 duplicates, 3 updates out of order")


@scenario(17, 21)
async def hostile_and_skewed_senders(run: Run) -> None:
    """A clock four minutes off is let in, one ten minutes off is not; slow and oversized uploads hold nobody up."""
    system = run.system
    story, told = run.load.new_story()
    await told
    gateway = urlsplit(system.stack.gateway)
    slow = [await asyncio.open_connection(gateway.hostname, gateway.port) for _ in range(50)]
    for _, writer in slow:
        writer.write(
            b"POST /webhooks/shopmonkey/sample-tint HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{"
        )
    now = asyncio.get_running_loop().time()
    clock = (await system.rows("SELECT extract(epoch FROM now())::float8 AS now"))[0]["now"]
    body = body_of(order_row(LOCATIONS[story.location], id=story.order_id))
    for skew, status in ((-600, 401), (600, 401), (-240, 202), (240, 202)):
        assert await webhook_status(system, body, at=clock + skew) == status, skew
    forged = {**signed_headers("not the secret", body)}
    assert (await deliver(system.http, system.stack.gateway, body, forged)).status_code == 401
    assert await webhook_status(system, b"x" * 2_000_000) == 413
    while asyncio.get_running_loop().time() < now + 3:
        for _, writer in slow:
            writer.write(b" ")
        await asyncio.sleep(0.2)
    for _, writer in slow:
        writer.close()
    run.injected.append("50 slow uploads, skewed clocks, forged and oversized bodies")


@scenario(30)
async def webhook_secret_rotated(run: Run) -> None:
    """Old and new side by side, then the new one alone; no sender that signs with a valid one is refused."""
    system = run.system
    old, new = system.stack.secrets["webhook_secret"], "sample-rotated-secret"
    await import_secrets(system, [new, old])
    run.load.secrets = [old, new]
    await run.moment(2, 3)
    run.load.secrets = [old]
    await import_secrets(system, [old])
    run.injected.append("second secret added, removed")


async def import_secrets(system: System, secrets: list[str]) -> None:
    text = (ROOT / "samples/tenant.yaml").read_text()
    assert '["${LEADCTL_WEBHOOK_SECRET}"]' in text
    path = system.state_dir / "rotated-tenant.yaml"
    text = text.replace("knowledge: ", f"knowledge: {ROOT / 'samples'}/")
    path.write_text(text.replace('["${LEADCTL_WEBHOOK_SECRET}"]', json.dumps(secrets)))
    await system.leadctl("import", "tenant", str(path), "--live")
