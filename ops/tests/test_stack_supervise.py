"""The supervisor brings back what dies, writes its new pid down, and leaves nothing behind."""

import asyncio
import json
import os
import signal
import sys
import time

import pytest
from ops.stack import supervise
from ops.stack.health import wait_until_ready
from ops.stack.processes import tagged
from ops.stack.screen import StackError
from ops.stack.stackfile import StackFile, read_stack, write_stack
from ops.stack.state import instance_id, write_private

FAKE = "import os, pathlib, sys, time; pathlib.Path(sys.argv[1]).write_text(repr(dict(os.environ))); time.sleep(600)"


def stack_file(**processes):
    return StackFile(
        gateway="http://127.0.0.1:1", sandbox="http://127.0.0.1:1", smtp="127.0.0.1:1", tenant="sample-tint", claude="off",
        rabbitmq_url="amqp://127.0.0.1:1/", rabbitmq_api=None, databases={}, services={}, processes=processes, secrets={},
    )  # fmt: skip


async def eventually(value, seconds=20):
    deadline = time.monotonic() + seconds
    while not (found := value()):
        assert time.monotonic() < deadline, "it never came true"
        await asyncio.sleep(0.05)
    return found


def running(state_dir, name):
    seen = supervise.watched(state_dir).get(name)
    return seen.pid if seen and seen.state == supervise.RUNNING else None


@pytest.fixture
async def stack(tmp_path, monkeypatch):
    """A fake `chat` under a real supervisor; gives the state directory."""
    monkeypatch.setenv("BOOKING_OPS_TOKEN", "another service's")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "the caller's")
    fake = {
        "command": [sys.executable, "-c", FAKE, str(tmp_path / "saw")],
        "env": {"CHAT_OPS_TOKEN": "its own"},
    }
    write_private(tmp_path / "programs.json", json.dumps({"chat": fake}))
    await supervise.start(tmp_path, ["chat"])
    yield tmp_path
    await supervise.stop(tmp_path)


async def test_a_killed_program_comes_back_and_its_new_pid_is_written_down(stack):
    first = await eventually(lambda: running(stack, "chat"))
    write_stack(stack, stack_file(chat=first, gateway=1))
    os.kill(first, signal.SIGKILL)
    await eventually(lambda: read_stack(stack).processes["chat"] != first)
    assert read_stack(stack).processes == {"chat": running(stack, "chat"), "gateway": 1}


async def test_a_program_sees_its_own_settings_and_nobody_elses(stack):
    saw = await eventually(lambda: (stack / "saw").exists() and (stack / "saw").read_text())
    assert "'CHAT_OPS_TOKEN': 'its own'" in saw
    assert "another service's" not in saw
    assert "the caller's" not in saw


async def test_stopping_leaves_no_process_of_the_instance(stack):
    await eventually(lambda: running(stack, "chat"))
    assert len(tagged(instance_id(stack))) == 3
    await supervise.stop(stack)
    assert tagged(instance_id(stack)) == set()
    assert not supervise.answers(stack)


async def test_a_program_that_keeps_ending_is_named_with_the_end_of_its_log(tmp_path):
    broken = {"command": [sys.executable, "-c", "print('no database'); raise SystemExit(3)"], "env": {}}
    write_private(tmp_path / "programs.json", json.dumps({"booking": broken}))
    await supervise.start(tmp_path, ["booking"])
    with pytest.raises(StackError, match=r"booking keeps ending(.|\n)*no database"):
        await wait_until_ready(tmp_path, {"booking": "http://127.0.0.1:1"})
    await supervise.stop(tmp_path)


async def test_a_deep_checkout_gets_a_socket_path_that_the_system_accepts(tmp_path):
    assert len(str(supervise.socket_path(tmp_path / ("x" * 60) / ("y" * 60)))) <= supervise.SOCKET_PATH_LIMIT


async def test_only_the_owner_reads_the_logs(stack):
    log = await eventually(lambda: next((stack / "logs").glob("chat*.log"), None))
    assert [path.stat().st_mode & 0o777 for path in (stack / "logs", log)] == [0o700, 0o600]
