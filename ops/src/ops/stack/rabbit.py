"""A RabbitMQ to work on: one that answers, or a private one from the system's package; virtual hosts and accounts on it."""

import asyncio
import json
import os
import re
import shutil
import signal
import ssl
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import aio_pika
import httpx2
from aio_pika.connection import make_url
from aio_pika.exceptions import AMQPError
from shared.tls import check_broker_url

from ops.stack.accounts import ACCOUNTS, OPERATORS, definitions, user_name
from ops.stack.apt import apt_install, can_apt_install
from ops.stack.model import Private, Rabbit, Servers
from ops.stack.ports import free_ports
from ops.stack.processes import TAG, alive, end
from ops.stack.screen import StackError, say, tail
from ops.stack.shell import Outcome, run
from ops.stack.state import derived, instance_id, secret, write_private

LOCAL_URL = "amqp://guest:guest@127.0.0.1:5672/"
MISSING = (
    "RabbitMQ is missing: apt-get install -y --no-install-recommends rabbitmq-server (or set RABBITMQ_URL)"
)
START_SECONDS = 120  # 9 s on a quiet machine; a small busy one has taken 40
_PLACES = (Path("/usr/lib/rabbitmq/bin"), Path("/opt/homebrew/sbin"), Path("/usr/local/sbin"))
_LISTENERS = (
    "[P || {listener,_,Kind,_,_,P,_} <- rabbit_networking:active_listeners(), "
    "lists:member(Kind, [amqp, 'amqp/ssl'])]."
)
_FREE_FILES = (
    "[Limit, Used] = [V || {_, V} <- file_handle_cache:info([total_limit, total_used])], Limit - Used."
)
FILES_NEEDED = 1500
"""Five virtual hosts with our queues (a stack, and one of each of two workers beside a single test's own), 290 each on 3.10.

A broker without file handles hangs instead of refusing.
"""
_VHOST_NAME = re.compile(r"[A-Za-z0-9_.-]+")


async def answers(url: str) -> bool:
    try:
        connection = aio_pika.Connection(make_url(url))
    except ValueError:
        return False
    try:
        await connection.connect(timeout=5)
    except (OSError, AMQPError, TimeoutError):
        return False
    finally:
        # Also one that failed: left to the garbage collector, it would be closed in whatever thread that runs.
        await connection.close()
    return True


async def local_rabbit() -> Rabbit | None:
    """The one on port 5672, if virtual hosts can be created on it."""
    if not await answers(LOCAL_URL):
        return None
    api = await management_api(LOCAL_URL, port=15672)
    if api is None and not (await ctl_reaches(LOCAL_URL) and await _has_files_left()):
        return None
    return Rabbit(where="already running on 127.0.0.1:5672", admin_url=LOCAL_URL, api=api)


async def given_rabbit(url: str) -> Rabbit:
    """The one the person named. Without a way to create virtual hosts the one in its address is used."""
    try:
        check_broker_url(url)
    except ValueError as error:
        raise StackError(f"RABBITMQ_URL: {error}") from error
    if not await answers(url):
        raise StackError("RABBITMQ_URL names a server that does not answer")
    port = 15671 if urlsplit(url).scheme == "amqps" else 15672
    return Rabbit(where="RABBITMQ_URL", admin_url=url, api=await management_api(url, port))


async def management_api(url: str, port: int) -> str | None:
    """Its address with credentials, when it answers there and lets this user administrate; by TLS where AMQP is."""
    parts = urlsplit(url)
    account = f"{parts.username or 'guest'}:{parts.password or 'guest'}"
    scheme = "https" if parts.scheme == "amqps" else "http"
    api = parts._replace(scheme=scheme, netloc=f"{account}@{parts.hostname}:{port}", path="").geturl()
    try:
        async with management(api, timeout=3) as client:
            answer = await client.get("/api/whoami")
    except httpx2.HTTPError:
        return None
    return api if answer.is_success and "administrator" in answer.json().get("tags", "") else None


def management(api: str, timeout: float = 30) -> httpx2.AsyncClient:
    """Asks the management API at this address; `https://…?cafile=/path/ca.pem` says whom to believe, as with AMQP."""
    try:
        parts = urlsplit(check_broker_url(api))
    except ValueError as error:
        raise StackError(f"the management API's address: {error}") from error
    trusted = dict(parse_qsl(parts.query)).get("cafile")
    return httpx2.AsyncClient(
        base_url=parts._replace(query="").geturl(),
        verify=ssl.create_default_context(cafile=trusted),
        timeout=timeout,
        trust_env=False,
    )


async def provision_broker(servers: Servers, name: str, *, secret: str) -> dict[str, str]:
    """Creates the virtual host and its accounts; account (a service, or `ops`) -> AMQP address.

    Running it again changes nothing; `secret` decides the passwords. A broker that lets us create nothing is used as it
    is, everybody with the address that we were given.
    """
    _check_name(name)
    if not await _administrable(servers):
        return dict.fromkeys(ACCOUNTS, servers.rabbitmq_admin_url)
    addresses = {account: _address(servers.rabbitmq_admin_url, name, account, secret) for account in ACCOUNTS}
    await import_definitions(servers.rabbitmq_api, definitions(addresses))
    if not await answers(addresses[OPERATORS]):
        raise StackError(f"the new virtual host {name} on RabbitMQ does not answer")
    return addresses


async def import_definitions(api: str | None, wanted: Mapping[str, Any]) -> None:
    """By the management API, or without one by rabbitmqctl on this machine."""
    if api:
        async with management(api) as client:
            answer = await client.post("/api/definitions", json=wanted)
        if not answer.is_success:
            raise StackError(f"RabbitMQ refused the accounts: {answer.status_code} {answer.text}")
        return
    outcome = await ctl("-q", "import_definitions", stdin=json.dumps(wanted))
    if not outcome.ok:
        raise StackError(f"rabbitmqctl refused the accounts: {outcome.output.strip()}")


async def delete_vhost(servers: Servers, name: str) -> None:
    """With all its queues and accounts; harmless when there is none of that name."""
    _check_name(name)
    users = [user_name(name, account) for account in ACCOUNTS]
    if servers.rabbitmq_api:
        for path in (f"vhosts/{name}", *(f"users/{user}" for user in users)):
            await _delete(servers.rabbitmq_api, path)
    elif await ctl_reaches(servers.rabbitmq_admin_url):
        vhost, accounts = f'<<"{name}">>', ", ".join(f'<<"{user}">>' for user in users)
        await _eval(
            f'case rabbit_vhost:exists({vhost}) of true -> rabbit_vhost:delete({vhost}, <<"leads">>); _ -> ok end, '
            f'[rabbit_auth_backend_internal:delete_user(User, <<"leads">>) || User <- [{accounts}], '
            "rabbit_auth_backend_internal:exists(User)], ok."
        )


async def _administrable(servers: Servers) -> bool:
    return servers.rabbitmq_api is not None or await ctl_reaches(servers.rabbitmq_admin_url)


def _address(admin_url: str, vhost: str, account: str, secret: str) -> str:
    user = user_name(vhost, account)
    parts = urlsplit(admin_url)
    where = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=f"{user}:{derived(secret, user)}@{where}", path=f"/{vhost}").geturl()


def _check_name(name: str) -> None:
    if not _VHOST_NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no virtual host name")


async def start_rabbit(state_dir: Path, *more_settings: str) -> Rabbit:
    """Starts a private broker with the management API; its queues stay in the state directory for the next start.

    `more_settings`: lines of rabbitmq.conf.
    """
    program = await _installed_program()
    home = _home(state_dir)
    amqp, management_port, distribution, epmd = free_ports(4)
    environment = _environment(state_dir, home, (amqp, distribution, epmd))
    write_private(home / "enabled_plugins", "[rabbitmq_management].\n")
    settings = (
        "management.tcp.ip = 127.0.0.1",
        f"management.tcp.port = {management_port}",
        *more_settings,
    )
    write_private(home / "rabbitmq.conf", "\n".join(settings) + "\n")
    pid = _spawn(program, environment, home / "output")
    url = f"amqp://leads:{secret(state_dir, 'rabbitmq')}@127.0.0.1:{amqp}/"
    private = Private(kind="rabbitmq", name=str(home), pid=pid, epmd_port=epmd)
    try:
        api = await wait_until_usable(url, management_port, START_SECONDS, pid)
    except BaseException:
        await stop_rabbit(private)
        say(tail(home / "output"))
        raise
    return Rabbit(where=f"private, {program}", admin_url=url, api=api, private=private)


async def wait_until_usable(url: str, management_port: int, seconds: float, pid: int | None = None) -> str:
    """The management API's address, as soon as it and the broker answer."""
    deadline = time.monotonic() + seconds
    while (api := await management_api(url, management_port)) is None or not await answers(url):
        if time.monotonic() > deadline or (pid is not None and not alive(pid)):
            raise StackError("RabbitMQ did not start")
        await asyncio.sleep(0.3)
    return api


async def stop_rabbit(private: Private) -> None:
    if private.pid is not None and alive(private.pid):
        await end([private.pid], first=signal.SIGTERM, grace_seconds=30)
    if private.epmd_port is not None:
        await run("epmd", "-port", str(private.epmd_port), "-kill", timeout_seconds=5)


def _environment(state_dir: Path, home: Path, ports: tuple[int, int, int]) -> dict[str, str]:
    """Its own name server, node name and folders: nothing shared with another RabbitMQ of this machine."""
    amqp, distribution, epmd = ports
    return {
        **os.environ,
        TAG: instance_id(state_dir),
        "HOME": str(home),  # the Erlang cookie is made there
        "LC_ALL": "C.UTF-8",
        "ERL_EPMD_PORT": str(epmd),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODENAME": f"leads-{instance_id(state_dir)}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(amqp),
        "RABBITMQ_DIST_PORT": str(distribution),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        "RABBITMQ_MNESIA_BASE": str(home / "mnesia"),
        "RABBITMQ_LOG_BASE": str(home / "log"),
        "RABBITMQ_PID_FILE": str(home / "pid"),
        "RABBITMQ_CONF_ENV_FILE": os.devnull,
        "RABBITMQ_CONFIG_FILE": str(home / "rabbitmq.conf"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(home / "enabled_plugins"),
        "RABBITMQ_DEFAULT_USER": "leads",
        "RABBITMQ_DEFAULT_PASS": secret(state_dir, "rabbitmq"),
    }


_WITH_FILES = 'ulimit -n 20000 2>/dev/null || ulimit -n "$(ulimit -Hn)"; exec "$0"'
"""A shell's usual 1024 are too few (`FILES_NEEDED`)."""


def _spawn(program: str, environment: dict[str, str], output: Path) -> int:
    """It outlives us, in a session of its own: a Ctrl-C of ours does not reach it."""
    write = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    files = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, str(output), write, 0o600),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    command = ["/bin/sh", "-c", _WITH_FILES, program]
    return os.posix_spawn("/bin/sh", command, environment, file_actions=files, setsid=True)


def _home(state_dir: Path) -> Path:
    home = state_dir.resolve() / "rabbitmq"
    home.mkdir(parents=True, exist_ok=True)
    return home


async def _installed_program() -> str:
    if found := _program():
        return found
    if can_apt_install():
        await apt_install("rabbitmq-server")
    if found := _program():
        return found
    raise StackError(MISSING)


def _program() -> str | None:
    """Debian's wrapper in /usr/sbin changes the user, so the script behind it comes first."""
    scripts = [place / "rabbitmq-server" for place in _PLACES]
    return next((str(script) for script in scripts if script.exists()), shutil.which("rabbitmq-server"))


async def ctl_reaches(url: str) -> bool:
    """Whether rabbitmqctl speaks to the very node that listens at this address."""
    parts = urlsplit(url)
    if parts.hostname not in {"127.0.0.1", "localhost", "::1"}:
        return False
    listeners = await ctl("-q", "eval", _LISTENERS, timeout_seconds=20)
    return listeners.ok and str(parts.port or 5672) in re.findall(r"\d+", listeners.output)


async def _has_files_left() -> bool:
    """Versions after 3.x keep no such count, and need none."""
    outcome = await ctl("-q", "eval", _FREE_FILES)
    free = re.fullmatch(r"\s*(-?\d+)\s*", outcome.output)
    if free is None or int(free[1]) >= FILES_NEEDED:
        return True
    say(
        f"RabbitMQ on port 5672 has {free[1]} file handles left, too few for another stack: start it with `ulimit -n 20000`"
    )
    return False


async def _eval(expression: str) -> None:
    """One start of Erlang for several changes; each rabbitmqctl command would cost its own."""
    outcome = await ctl("-q", "eval", expression)
    if not outcome.ok or "error" in outcome.output:
        raise StackError(f"rabbitmqctl failed: {outcome.output.strip()}")


async def ctl(*arguments: str, stdin: str | None = None, timeout_seconds: float = 60) -> Outcome:
    """Runs this machine's rabbitmqctl; code 127 when there is none."""
    program = shutil.which("rabbitmqctl") or shutil.which("rabbitmqctl", path="/usr/sbin:/sbin")
    return await run(program or "rabbitmqctl", *arguments, stdin=stdin, timeout_seconds=timeout_seconds)


async def _delete(api: str, path: str) -> None:
    async with management(api) as client:
        answer = await client.delete(f"/api/{path}")
    if not answer.is_success and answer.status_code != 404:
        raise StackError(f"RabbitMQ kept {path}: {answer.text}")
