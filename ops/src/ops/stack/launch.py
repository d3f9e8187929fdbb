"""`python -m ops.stack.launch NAME`: becomes that program, with its own settings and nobody else's.

The supervisor runs this instead of the program, so that no secret stands in its configuration or in a command line.
"""

import json
import os
import sys
from pathlib import Path

# What a caller's shell may hold and no program of ours should inherit: other prefixes' settings and the admin's keys.
_OTHERS = (
    "INGEST_", "CHAT_", "BOOKING_", "CRM_SYNC_", "NOTIFIER_", "SANDBOX_", "LEADCTL_",
    "DATABASE_URL", "RABBITMQ_URL", "ANTHROPIC_",
)  # fmt: skip


def main(name: str, state_dir: Path) -> None:
    program = json.loads((state_dir / "programs.json").read_text())[name]
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(_OTHERS)}
    command: list[str] = program["command"]
    os.execve(command[0], command, {**inherited, **program["env"]})  # noqa: S606 - the point of this module


if __name__ == "__main__":
    main(sys.argv[1], Path(os.environ["LEADS_STATE_DIR"]))
