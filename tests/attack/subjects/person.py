"""F14: a person gets what we hold of them; after the erasure nothing of it is left, and they can come back as anybody."""

import secrets
import zipfile
from pathlib import Path

from ops.log_stream import log_until_now
from testkit.customer import Customer

from attack.subjects.database import places_of
from attack.table import Fell, attack
from attack.target import Target

PATIENCE_SECONDS = 90


@attack("F14")
async def search_for_an_erased_person(target: Target) -> str:
    """A person asks, talks, mails and books; is exported and erased. Then their words are searched in every table, stream and log."""
    name, word = f"Violetta{secrets.token_hex(3)}", f"violet-{secrets.token_hex(4)}"
    person = await target.greeted(first_name=name)
    neighbour = await target.greeted()
    await person.says(f"My code word is {word}. What are your opening hours?")
    await target.booked(person)
    await target.mails(person.email, f"By mail, too: {word}")
    await target.texts(person.phone, f"And as a text: {word}")
    await target.calm()
    exported = await _exported(target, person)
    if missing := [one for one in (name, word, person.email, person.phone) if one not in exported]:
        raise Fell(f"the export lacks {len(missing)} of what was said")
    code = await target.leadctl(
        "person", "erase", person.email, "--tenant", target.stack.tenant, "--reason", "sample", "--yes",
        seconds=PATIENCE_SECONDS,
    )  # fmt: skip
    if code != 0:
        raise Fell(f"erase ends with {code}")
    traces = [name, word, person.email, person.phone]
    left = [f"{place} ({trace})" for trace in traces for place in await places_of(target, trace)]
    left += await _in_the_log(target, traces) + _in_files(target, traces)
    if left:
        raise Fell(f"still there: {left}")
    if await target.opened_with(person.token):
        raise Fell("the person's link still opens a conversation")
    if not await target.opened_with(neighbour.token):
        raise Fell("somebody else's conversation is gone, too")
    return f"{len(traces)} words in no table, stream or log; a neighbour's conversation is whole"


async def _exported(target: Target, person: Customer) -> str:
    """All files of the export, one after the other."""
    out = target.state_dir / f"export-{secrets.token_hex(4)}.zip"
    code = await target.leadctl(
        "person", "export", person.email, "--tenant", target.stack.tenant, "--out", str(out),
        seconds=PATIENCE_SECONDS,
    )  # fmt: skip
    if code != 0:
        raise Fell(f"export ends with {code}")
    if out.stat().st_mode & 0o077:
        raise Fell("others may read the export")
    with zipfile.ZipFile(out) as archive:
        return "\n".join(archive.read(name).decode() for name in archive.namelist())


async def _in_the_log(target: Target, traces: list[str]) -> list[str]:
    async with log_until_now(target.stack.rabbitmq_url, None) as events:
        found = [one.type async for one in events if any(trace in one.body.decode() for trace in traces)]
    return [f"events.log: {kind}" for kind in sorted(set(found))]


def _in_files(target: Target, traces: list[str]) -> list[str]:
    """The sandbox plays the outside world, which remembers."""
    logs: list[Path] = [one for one in (target.state_dir / "logs").glob("*") if "sandbox" not in one.name]
    return [one.name for one in logs if any(trace in one.read_text(errors="replace") for trace in traces)]
