"""`python -m attack [--only F1] [--json]`: exit code 1 when anything fell.

`ATTACK_STACK` is the state directory of a running stack (`.run`); without it a private one is started and ended.
"""

import argparse
import asyncio
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, redirect_stdout
from pathlib import Path

import httpx2
from ops.stack.down import clean
from ops.stack.screen import StackError
from ops.stack.stackfile import StackFile, read_stack
from ops.stack.up import up
from rich.console import Console

from attack.subjects import ATTACKS
from attack.table import Attack, Result, lanes_of, play
from attack.target import Target

LANES = 3
"""Subjects at once: most of an attack is waiting for what the stack does of it."""
ROOT = Path(__file__).parents[2]
console = Console(highlight=False, soft_wrap=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="make attack", description=__doc__)
    parser.add_argument("--only", default="", help="a threat (F1) or a part of an attack's name")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    arguments = parser.parse_args()
    chosen = [one for one in ATTACKS if not arguments.only or one.is_called(arguments.only)]
    if not chosen:
        console.print(
            f"No attack is called {arguments.only!r}. There are: {', '.join(one.id for one in ATTACKS)}"
        )
        return 2
    began = time.monotonic()
    try:
        results = asyncio.run(_all(chosen, aloud=not arguments.json))
    except StackError as error:
        console.print(f"[red]{error}[/red]")
        return 2
    fallen = [one.id for one in results if not one.held]
    if arguments.json:
        report = {"tried": len(results), "fell": fallen, "attacks": [one.as_json() for one in results]}
        sys.stdout.write(json.dumps(report, indent=2) + "\n")
    else:
        colour = "red" if fallen else "green"
        console.print(
            f"[{colour}]{len(results)} attacks, {len(fallen)} fell[/], {time.monotonic() - began:.0f} s with the stack's start and end"
            + "".join(f"\n  {one}" for one in fallen)
        )
    return 1 if fallen else 0


async def _all(chosen: list[Attack], *, aloud: bool) -> list[Result]:
    async with _stack() as (stack, state_dir), httpx2.AsyncClient(timeout=70, trust_env=False) as http:
        target, gate = Target(stack, state_dir, http), asyncio.Semaphore(LANES)
        results: dict[str, Result] = {}

        async def lane(attacks: list[Attack]) -> None:
            async with gate:
                for one in attacks:
                    results[one.id] = await play(one, target)
                    if aloud:
                        _show(results[one.id])

        await asyncio.gather(*map(lane, lanes_of(chosen)))
        await lane([one for one in chosen if one.alone])
        return [results[one.id] for one in chosen]


def _show(result: Result) -> None:
    word = "[green]held[/]" if result.held else "[red]fell[/]"
    console.print(f"{word} [bold]{result.id}[/] {result.seconds:.1f} s")
    console.print(f"     tried: {result.text}\n     came:  {result.came}", markup=False)


@asynccontextmanager
async def _stack() -> AsyncIterator[tuple[StackFile, Path]]:
    if given := os.environ.get("ATTACK_STACK"):
        state_dir = Path(given)
        stack = read_stack(state_dir)
        if stack is None:
            raise StackError(f"ATTACK_STACK={given}: no stack runs there")
        yield stack, state_dir
        return
    state_dir = Path(tempfile.mkdtemp(prefix="leads-attack-"))
    try:
        with redirect_stdout(sys.stderr):
            await up(ROOT, state_dir, "off")
        stack = read_stack(state_dir)
        assert stack is not None
        yield stack, state_dir
    finally:
        with redirect_stdout(sys.stderr):
            await clean(state_dir)
        shutil.rmtree(state_dir, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
