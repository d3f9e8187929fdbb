"""What one instance (one checkout) keeps in its state directory: its id, its secret, and files only its owner reads."""

import hashlib
import hmac
import os
import re
import secrets
from pathlib import Path


def instance_id(state_dir: Path) -> str:
    """Six hex digits; names this checkout's database, vhost and containers on servers it shares with others."""
    return _once(state_dir / "instance", secrets.token_hex(3), re.compile(r"[0-9a-f]{6}"))


def secret(state_dir: Path, label: str) -> str:
    """40 hex digits, the same for the same label as long as the state directory lives."""
    key = _once(state_dir / "secret", secrets.token_hex(32), re.compile(r"[0-9a-f]{64}"))
    return derived(key, label)


def derived(key: str, label: str) -> str:
    return hmac.new(key.encode(), label.encode(), hashlib.sha256).hexdigest()[:40]


def write_private(path: Path, text: str) -> None:
    """Replaces the file in one step, so that a reader never sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    draft.replace(path)


def _once(path: Path, fresh: str, shape: re.Pattern[str]) -> str:
    """Two processes may ask for the first time together: the link decides, both read the winner's value."""
    if not (path.exists() and shape.fullmatch(path.read_text().strip())):
        draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        write_private(draft, fresh + "\n")
        try:
            os.link(draft, path)
        except FileExistsError:
            if not shape.fullmatch(path.read_text().strip()):
                draft.replace(path)
        draft.unlink(missing_ok=True)
    return path.read_text().strip()
