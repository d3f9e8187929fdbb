"""Every scripted customer against each assistant, on a stack of its own: `make evals`. How to read it: README.md."""

import argparse
import asyncio
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import yaml
from ops.stack.down import clean
from ops.stack.infrastructure import stop_servers
from ops.stack.stackfile import StackFile, read_stack
from ops.stack.up import chosen_claude, up
from rich.console import Console
from testkit.evals.cases import AssistantName, Case, read_cases
from testkit.evals.grade import grade
from testkit.evals.play import play
from testkit.evals.report import Result, as_json, as_markdown, as_summary
from testkit.infrastructure import found_servers

ROOT = Path(__file__).parents[1]
AT_ONCE = 12
PROGRESS_EVERY = 20
BAYS = 50
"""With as many technicians, enough for all customers at once: what is examined is the conversation, not a full calendar."""

console = Console()


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=("offline", "claude"), help="one of the assistants")
    parser.add_argument(
        "--runs", type=int, default=4, help="how often each customer comes, each time in other words"
    )
    parser.add_argument("--case", help="only cases whose category/id contains this")
    parser.add_argument("--report", type=Path, default=Path(".run/evals"), help="folder of the report")
    parser.add_argument("--summary", type=Path, help="a file for the tables alone, as docs/evals.md")
    return parser.parse_args()


async def main() -> None:
    asked = arguments()
    cases = [
        case
        for case in read_cases(ROOT / "evals/cases")
        if (asked.case or "") in f"{case.category}/{case.id}"
    ]
    assistants: Sequence[AssistantName] = [asked.only] if asked.only else ["offline", "claude"]
    results: list[Result] = []
    seconds: dict[str, float] = {}
    for assistant in assistants:
        async with own_stack(assistant) as stack:
            started = time.monotonic()
            results += await examine(stack, assistant, cases, asked.runs)
            seconds[assistant] = time.monotonic() - started
    asked.report.mkdir(parents=True, exist_ok=True)
    report = as_markdown(results, asked.runs, seconds)
    (asked.report / "report.md").write_text(report)
    (asked.report / "report.json").write_text(json.dumps(as_json(results, asked.runs), indent=2))
    if asked.summary:
        asked.summary.write_text(as_summary(results, asked.runs, seconds, datetime.now(UTC).date()))
    console.print(report, markup=False)
    console.print(f"{asked.report}/report.md")


@asynccontextmanager
async def own_stack(assistant: AssistantName, address: str = "") -> AsyncIterator[StackFile]:
    """Started for this examination and removed after it. `address`: of the model, else the real one's or the sandbox's."""
    folder = Path(tempfile.mkdtemp(prefix="leads-evals-"))
    known = address or os.environ.get("ANTHROPIC_API_KEY")
    claude = "off" if assistant == "offline" else chosen_claude(address if known else "sandbox")
    try:
        async with found_servers(folder) as servers:
            os.environ.setdefault("DATABASE_URL", servers.postgres_admin_url)
            os.environ.setdefault("RABBITMQ_URL", servers.rabbitmq_admin_url)
            stack_dir = folder / "stack"
            stack_dir.mkdir()
            try:
                await up(ROOT, stack_dir, claude)
                add_bays(stack_dir)
                stack = read_stack(stack_dir)
                assert stack is not None
                yield stack
            finally:
                await clean(stack_dir)
    finally:
        await stop_servers(folder)
        shutil.rmtree(folder, ignore_errors=True)


def add_bays(stack_dir: Path) -> None:
    sample = ROOT / "samples/tenant.yaml"
    tenant = yaml.safe_load(sample.read_text())
    tenant["knowledge"] = str(sample.parent / tenant["knowledge"])
    for location in tenant["locations"]:
        location["bays"] = [f"Bay {n}" for n in range(1, BAYS + 1)]
        able = location["technicians"][0]["skills"]  # copied below: a file of tenants takes no YAML aliases
        location["technicians"] = [
            {"name": f"Tech {n} Sample", "skills": [*able]} for n in range(1, BAYS + 1)
        ]
    file = stack_dir / f"tenant-{secrets.token_hex(3)}.yaml"
    file.write_text(yaml.safe_dump(tenant))
    settings = dict(
        line.split("=", 1) for line in (stack_dir / "env").read_text().splitlines() if "=" in line
    )
    leadctl = Path(sys.executable).with_name("leadctl")
    subprocess.run(
        [leadctl, "import", "tenant", str(file), "--live"], env={**os.environ, **settings}, check=True
    )


async def examine(
    stack: StackFile, assistant: AssistantName, cases: Sequence[Case], runs: int
) -> list[Result]:
    meant = [case for case in cases if assistant in case.for_]
    places = asyncio.Semaphore(AT_ONCE)
    done = 0

    async def one(case: Case, run: int, http: httpx2.AsyncClient) -> Result:
        nonlocal done
        async with places:
            heard = await play(case, run, stack, http)
            wrong = await grade(case, heard, stack, http)
        done += 1
        if done % PROGRESS_EVERY == 0 or done == len(meant) * runs:
            console.print(f"  {assistant}: {done} of {len(meant) * runs} conversations", highlight=False)
        return Result(assistant, case.category, case.id, run, tuple(wrong), tuple(heard.lines))

    async with httpx2.AsyncClient(timeout=70, trust_env=False) as http:
        return list(await asyncio.gather(*(one(case, run, http) for run in range(runs) for case in meant)))


if __name__ == "__main__":
    asyncio.run(main())
