"""F4 and F15: what lies on the disk and in the logs, and files that cost more than they weigh."""

import json
import re
import stat
import time
from pathlib import Path
from urllib.parse import urlsplit

from testkit.patience import eventually

from attack.table import Fell, attack
from attack.target import Target

ADDRESS = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
PHONE = re.compile(r"\+1\d{10}\b")
OURS = ("sample-tint.example",)
"""Hosts of the shops' own addresses, which are no customer's."""
MOST_SECONDS = 15
"""leadctl takes two to start on a busy machine."""


@attack("F4")
async def address_that_mail_cannot_carry(target: Target) -> str:
    """A form and a CRM lead with addresses that our mail cannot write to; then secrets, persons and words in every log."""
    for odd in ("josé@example.com", "pat@exämple.com", '"pat sample"@example.com', "a" * 64 + "@example.com"):
        async with target.elsewhere() as client:
            await target.submit(client, contact={"name": "José Violet", "email": odd}, message="violet-words")
        await target.customer().asks_the_shop(email=odd, phone=None, first_name="Violet")
    customer = await target.greeted()
    await customer.says("violet-words, what are your opening hours?")
    await target.mails(customer.email, "violet-words")
    await target.calm()
    logs = {path: path.read_text(errors="replace") for path in sorted((target.state_dir / "logs").glob("*"))}
    logs.pop(target.state_dir / "logs" / "sandbox.log", None)
    for path, text in logs.items():
        if told := _told(text, _secrets(target)):
            raise Fell(f"{path.name} holds {told}")
    return f"{len(logs)} logs, {sum(map(len, logs.values())) // 1000} kB, nothing secret and nobody's"


def _secrets(target: Target) -> dict[str, str]:
    urls = [*target.stack.databases.values(), target.stack.rabbitmq_url]
    programs = json.loads((target.state_dir / "programs.json").read_text())
    urls += [value for one in programs.values() for value in one["env"].values() if "://" in value]
    passwords = {url: urlsplit(url).password for url in urls}
    return {
        **{name: value for name, value in target.stack.secrets.items() if len(value) > 15},
        **{
            f"the password of {urlsplit(url).scheme}": word
            for url, word in passwords.items()
            if word and len(word) > 8
        },
    }


def _told(text: str, secret: dict[str, str]) -> str | None:
    for name, value in secret.items():
        if value in text:
            return name
    persons = [found for found in ADDRESS.findall(text) if not found.endswith(OURS)]
    if persons:
        return f"{len(persons)} addresses, the first: {persons[0]}"
    if phones := set(PHONE.findall(text)) - {"+16195550194", "+16025550201"}:
        return f"{len(phones)} telephone numbers"
    return next((word for word in ("violet", "Violet", "José") if word in text), None)


@attack("F4")
async def files_that_others_may_read(target: Target) -> str:
    """The modes of everything in the state directory that holds settings, secrets or logs."""
    readable = []
    for path in [*target.state_dir.glob("*"), *(target.state_dir / "logs").glob("*")]:
        mode = path.stat().st_mode
        closed_above = not target.state_dir.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH)
        if path.is_file() and mode & (stat.S_IRGRP | stat.S_IROTH) and _matters(path) and not closed_above:
            readable.append(f"{path.name} {stat.filemode(mode)}")
    if readable:
        raise Fell(f"others may read {readable}")
    return "only their owner reads them"


def _matters(path: Path) -> bool:
    return path.suffix in {".log", ".json", ".conf", ""} and not path.name.endswith("lock")


@attack("F15")
async def yaml_that_explodes(target: Target) -> str:
    """Tenant files of some hundred bytes with aliases of aliases, deep nesting and a huge number, for the importer."""
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    bombs = {"aliases": "\n".join(rows), "deep": "[" * 50_000, "number": "tenant: " + "9" * 1_000_000}
    came = []
    for name, text in bombs.items():
        file = target.state_dir / f"bomb-{name}.yaml"
        file.write_text(text)
        began = time.monotonic()
        code = await target.leadctl("import", "tenant", str(file), "--dry-run", seconds=3 * MOST_SECONDS)
        took = time.monotonic() - began
        if code == 0:
            raise Fell(f"{name}: taken")
        if code is None or took > MOST_SECONDS:
            raise Fell(f"{name}: {took:.1f} s for {len(text)} bytes")
        came.append(f"{name} refused in {took:.1f} s")
    return ", ".join(came)


@attack("F15")
async def address_of_a_consent(target: Target) -> str:
    """A form from 127.x.y.z that claims other addresses; then the address that is kept as proof of consent."""
    claims = {"X-Forwarded-For": "203.0.113.9", "X-Real-IP": "203.0.113.9", "Forwarded": "for=203.0.113.9"}
    async with target.elsewhere() as client:
        client.headers.update(claims)
        answer = await target.submit(client)
    assert answer.status_code == 201, answer.text

    async def kept() -> str:
        rows = await target.rows(
            "ingest",
            "SELECT consent->>'ip' AS ip FROM lead_sources WHERE lead_id = $1",
            answer.json()["lead_id"],
        )
        return str(rows[0]["ip"]) if rows else ""

    ip = await eventually(kept)
    if ip in {"203.0.113.9", "127.0.0.1"} or not ip.startswith("127."):
        raise Fell(f"kept as {ip}")
    return f"kept as {ip}, where it came from"
