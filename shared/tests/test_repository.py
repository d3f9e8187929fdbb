"""What the repository promises about itself."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_event_catalogue_is_what_the_code_says() -> None:
    check = subprocess.run(  # noqa: S603
        [sys.executable, ROOT / "scripts" / "events", "--check"], capture_output=True, text=True, check=False
    )
    assert check.returncode == 0, check.stderr


def test_no_lock_names_a_download_host() -> None:
    locks = [*(ROOT / "locks").glob("*.txt"), ROOT / "web" / "package-lock.json"]
    assert len(locks) > 8
    assert [lock.name for lock in locks if "://" in lock.read_text()] == []
