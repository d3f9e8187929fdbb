"""Installs a Debian package when we are root on Debian or Ubuntu, without letting its system service start."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ops.stack.screen import StackError, step
from ops.stack.shell import run

POLICY = Path("/usr/sbin/policy-rc.d")


def can_apt_install() -> bool:
    return os.getuid() == 0 and shutil.which("apt-get") is not None


async def apt_install(package: str) -> None:
    install = ("apt-get", "install", "-y", "-qq", "--no-install-recommends", package)
    with step(f"apt-get install {package}"), _no_autostart():
        await run("apt-get", "update", "-qq", timeout_seconds=300)
        outcome = await run(*install, timeout_seconds=900, env={"DEBIAN_FRONTEND": "noninteractive"})
    if not outcome.ok:
        raise StackError(f"apt-get could not install {package}:\n{outcome.output[-2000:]}")


@contextmanager
def _no_autostart() -> Iterator[None]:
    """Debian's own switch: an answer of 101 forbids package scripts to start services."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink(missing_ok=True)
