"""`python -m ops.stack up | down | status | clean`, for the checkout in the current directory."""

import argparse
import asyncio
import logging
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path

from ops.stack import supervise
from ops.stack.down import clean, down
from ops.stack.screen import StackError, say
from ops.stack.stackfile import read_stack
from ops.stack.up import chosen_claude, is_healthy, up


def main() -> int:
    arguments = _parser().parse_args()
    # A server that does not answer yet is no news here.
    logging.getLogger("aiormq").setLevel(logging.CRITICAL)
    root, state_dir = Path.cwd(), Path.cwd() / ".run"
    commands = {
        "up": lambda: up(root, state_dir, chosen_claude(arguments.claude)),
        "down": lambda: down(state_dir),
        "clean": lambda: clean(state_dir),
        "status": lambda: _status(state_dir),
    }
    if arguments.command in {"down", "clean"} and not state_dir.exists():
        say("nothing is up")
        return 0
    try:
        asyncio.run(_interruptible(commands[arguments.command]()))
    except StackError as error:
        say(f"✗ {error}")
        return 1
    except (KeyboardInterrupt, asyncio.CancelledError):
        say("✗ interrupted")
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ops.stack", description=__doc__)
    parser.add_argument("command", choices=["up", "down", "status", "clean"])
    parser.add_argument("--claude", default="", help="sandbox, or the address of a Messages API (up)")
    return parser


async def _interruptible(command: Coroutine[object, object, None]) -> None:
    """SIGTERM ends it as Ctrl-C does: with everything put away."""
    task = asyncio.ensure_future(command)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    await task


async def _status(state_dir: Path) -> None:
    stack = read_stack(state_dir)
    if stack is None:
        raise StackError("down")
    for name, program in supervise.watched(state_dir).items():
        say(f"  {name:<10} {program.state_name:<9} {program.pid or ''}")
    if not await is_healthy(state_dir, stack):
        raise StackError("broken: `make up` restarts it")
    say(f"up: {stack.gateway}")


if __name__ == "__main__":
    sys.exit(main())
