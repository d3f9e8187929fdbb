"""`python -m ops.stack.pids`: the supervisor's listener that writes a restarted program's new pid to stack.json.

The protocol is https://supervisord.org/events.html: READY, a header line, a payload of `len` bytes, RESULT.
"""

import os
import sys
from pathlib import Path
from typing import TextIO

from ops.stack.stackfile import remember_pid


def listen(source: TextIO, answer: TextIO, state_dir: Path) -> None:
    while True:
        answer.write("READY\n")
        answer.flush()
        header = source.readline()
        if not header:
            return
        event = _fields(source.read(int(_fields(header)["len"])))
        remember_pid(state_dir, event["processname"], int(event["pid"]))
        answer.write("RESULT 2\nOK")
        answer.flush()


def _fields(line: str) -> dict[str, str]:
    """Values hold no spaces: our program names are one word."""
    return dict(field.split(":", 1) for field in line.split())


if __name__ == "__main__":
    listen(sys.stdin, sys.stdout, Path(os.environ["LEADS_STATE_DIR"]))
