"""leadctl session-key: the public half of a key that signs the sessions of staff."""

import sys

from shared.secrets import check_strength
from shared.staff_sessions import public_key

from ops.screen import console, fail


def show_public() -> None:
    """Reads SESSION_KEYS (comma-separated) from standard input, shows SESSION_PUBLIC_KEYS."""
    keys = [key for key in sys.stdin.read().strip().split(",") if key]
    try:
        console.print(",".join(public_key(check_strength(key)) for key in keys), soft_wrap=True)
    except ValueError as error:
        fail(str(error))
