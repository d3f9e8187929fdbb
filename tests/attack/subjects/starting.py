"""F8: a service that was started without real secrets does not start."""

import asyncio
import json
import os

from shared.secrets import DEMO, token_hash

from attack.table import Fell, attack
from attack.target import Json, Target

PATIENCE_SECONDS = 60
"""Most of a start is imports; on a busy machine they take half of it."""
PUBLIC = {"PUBLIC_URL": "https://leads.sample-tint.example"}
OPERATORS_OF_THE_DEMO = json.dumps({"ops": token_hash(DEMO)})
WRONG = {
    "ingest": (
        {"LINK_KEYS_LOGIN": ""},
        {"SESSION_KEYS": "secret"},
        {"OPERATORS": json.dumps({"ops": token_hash(DEMO)})},
    ),
    "booking": ({"LINK_KEYS_CHAT": "a" * 40}, {"LINK_KEYS_MANAGE": ","}),
    "chat": ({"LINK_KEYS_CHAT": "change-me-change-me-change-me"}, {"SESSION_PUBLIC_KEYS": ""}),
    "crm-sync": ({"OPERATORS": json.dumps({"ops": ""})},),
    "notifier": ({"INBOUND_EMAIL_SECRET": "sample-webhook-secret"}, {"TWILIO_AUTH_TOKEN": "short"}),
}


@attack("F8")
async def started_without_secrets(target: Target) -> str:
    """Each service with an empty, a short and a well-known secret, at a public address."""
    gate = asyncio.Semaphore(3)
    tried = [(service, wrong) for service, wrongs in WRONG.items() for wrong in wrongs]
    came = await asyncio.gather(*(_starts(target, gate, service, wrong) for service, wrong in tried))
    if fell := [
        f"{service} with {wrong}" for (service, wrong), started in zip(tried, came, strict=True) if started
    ]:
        raise Fell(f"{len(fell)} of {len(tried)} started: {'; '.join(fell)}")
    return f"{len(tried)} starts refused"


async def _starts(target: Target, gate: asyncio.Semaphore, service: str, wrong: dict[str, str]) -> bool:
    """On a port of its own. It is ended as soon as it listens."""
    programs: Json = json.loads((target.state_dir / "programs.json").read_text())
    prefix = service.replace("-", "_").upper() + "_"
    changed = {f"{prefix}{name}": value for name, value in {**PUBLIC, "PORT": "0", **wrong}.items()}
    async with gate:
        process = await asyncio.create_subprocess_exec(
            *programs[service]["command"],
            env={"PATH": os.environ["PATH"], **programs[service]["env"], **changed},
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await process.wait() == 0
        except TimeoutError:
            process.terminate()
            await process.wait()
            return True
