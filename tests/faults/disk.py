"""A small disk of its own under the suite's PostgreSQL, which can really be full and really turn read-only."""

import os
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from ops.stack.shell import run as shell

from faults.system import System

FILE_SYSTEMS = Path("/sys/fs/ext4")
LOOP_DEVICES = Path("/dev/loop-control")
SPARE_BYTES = 64 * 1024 * 1024
"""What the server has left besides its data, before it is taken away."""


@asynccontextmanager
async def small_disk(system: System) -> AsyncIterator["Disk"]:
    """The data moves there and back again, with a stop and a start of the server each time."""
    if not may_mount():
        pytest.skip("a file system of one's own needs root and loop devices")
    disk = Disk(system)
    await disk.move_in()
    try:
        yield disk
    finally:
        await disk.move_out()


def may_mount() -> bool:
    return os.getuid() == 0 and LOOP_DEVICES.exists()


class Disk:
    def __init__(self, system: System) -> None:
        home = system.database_home
        self._system = system
        self._data = home / "data"
        self._image = home / "disk.img"
        self._mounted = home / "disk"
        self._ballast = self._mounted / "ballast"

    async def move_in(self) -> None:
        await self._system.end_database(signal.SIGINT)
        used = sum(one.stat().st_blocks * 512 for one in self._data.rglob("*") if one.is_file())
        with self._image.open("wb") as image:
            image.truncate(int(used * 1.2) + SPARE_BYTES)
        await self._do("mkfs.ext4", "-q", "-m", "0", str(self._image))
        self._mounted.mkdir()
        await self._mount()
        await self._do("cp", "-a", str(self._data), str(self._mounted / "data"))
        shutil.rmtree(self._data)
        self._data.symlink_to(self._mounted / "data")
        await self._system.start_database()

    async def move_out(self) -> None:
        await self._system.end_database(signal.SIGINT)
        self._data.unlink()
        await self._do("cp", "-a", str(self._mounted / "data"), str(self._data))
        await self._do("umount", str(self._mounted))
        self._mounted.rmdir()
        self._image.unlink()
        await self._system.start_database()

    async def fill(self) -> None:
        """To the last block; what the server had set aside for its log is used up by what it then writes."""
        await shell("dd", "if=/dev/zero", f"of={self._ballast}", "bs=64K", timeout_seconds=120)
        await shell("dd", "if=/dev/zero", f"of={self._ballast}.rest", "bs=4K", timeout_seconds=120)

    def free(self) -> None:
        for one in self._mounted.glob("ballast*"):
            one.unlink()

    async def turn_read_only(self) -> None:
        """As the kernel does it when the disk under a file system fails."""
        answer = await shell("losetup", "--noheadings", "--output", "NAME", "--associated", str(self._image))
        device = answer.output.strip().rpartition("/")[2]
        (FILE_SYSTEMS / device / "trigger_fs_error").write_text("1")

    async def repair(self) -> None:
        """What the machine does to its disks at the next boot; PostgreSQL's own files are left to PostgreSQL."""
        await self._system.end_database(signal.SIGQUIT)
        await self._do("umount", str(self._mounted))
        outcome = await shell("e2fsck", "-p", str(self._image), timeout_seconds=120)
        assert outcome.code in {0, 1}, outcome.output
        await self._mount()
        await self._system.start_database()

    async def _mount(self) -> None:
        await self._do("mount", "-o", "loop,errors=remount-ro", str(self._image), str(self._mounted))

    async def _do(self, *command: str) -> None:
        outcome = await shell(*command, timeout_seconds=120)
        assert outcome.ok, f"{command}: {outcome.output}"
