"""Each service refuses to start with a sample's secret on an address that others reach, and has the keys it needs only."""

import importlib
import os
import subprocess
from pathlib import Path

import pytest
import yaml
from ops.stack.environment import PACKAGES as PROGRAMS
from ops.stack.environment import Plan, programs, secrets_of
from ops.stack.ports import DEFAULTS
from shared.http.app import main
from shared.http.operators import operator_of
from shared.secrets import DEMO, token_hash
from shared.settings import ServiceSettings
from shared.staff_sessions import public_key

DEPLOY = Path(__file__).parents[2] / "deploy"
PACKAGES = ("ingest", "chat", "booking", "crm_sync", "notifier")
STRONG = "2f9c41d07be8a6537c1e"
KEYS = {
    "ingest": {"link_keys_login", "session_keys", "data_keys", "challenge_keys", "person_key"},
    "chat": {"link_keys_chat", "session_public_keys"},
    "booking": {"link_keys_chat", "link_keys_manage", "session_public_keys"},
    "crm_sync": set(),
    "notifier": {
        "link_keys_chat",
        "link_keys_unsubscribe",
        "link_keys_reply",
        "link_keys_login",
        "person_key",
    },
}
"""Only ingest makes sessions of staff; only booking links to an appointment; only notifier links that unsubscribe."""


def settings_of(package: str) -> type[ServiceSettings]:
    found: type[ServiceSettings] = importlib.import_module(f"{package}.settings").Settings
    return found


@pytest.mark.parametrize("package", PACKAGES)
def test_a_service_has_the_keys_of_what_it_does(package: str) -> None:
    fields = set(settings_of(package).model_fields)
    assert {
        name
        for name in fields
        if name.startswith(("link_keys_", "session_", "data_", "challenge_", "person_"))
    } == KEYS[package]


@pytest.mark.parametrize("package", PACKAGES)
def test_it_does_not_start_and_says_why_in_one_line(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    prefix = f"{package.upper()}_"
    given = {
        "database_url": f"postgresql://x:{DEMO}@127.0.0.1/x",
        "rabbitmq_url": "amqp://127.0.0.1",
        "public_url": "https://leads.example.com",
        **dict.fromkeys(KEYS[package], STRONG),
        **({"session_public_keys": public_key(STRONG)} if "session_public_keys" in KEYS[package] else {}),
    }
    for name, value in given.items():
        monkeypatch.setenv(f"{prefix}{name}".upper(), value)
    monkeypatch.setattr("sys.argv", [package, "serve"])
    with pytest.raises(SystemExit) as ended:
        main(package, package, settings_of(package), lambda _: pytest.fail("it was built"))
    said = str(ended.value)
    assert said.startswith(f"{package} does not start: {prefix}DATABASE_URL: a sample's value")
    assert "\n" not in said
    assert DEMO not in said


@pytest.mark.parametrize("package", PACKAGES)
def test_it_migrates_with_the_owner_s_address_only(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """And says so; a sample's password never gets that far, `leadctl database provision` refuses it."""
    monkeypatch.setenv(f"{package.upper()}_DATABASE_URL", "postgresql://127.0.0.1/x")
    monkeypatch.setattr("sys.argv", [package, "migrate"])
    with pytest.raises(SystemExit) as ended:
        main(package, package, settings_of(package), lambda _: pytest.fail("it was built"))
    assert f"{package.upper()}_MIGRATION_DATABASE_URL: Field required" in str(ended.value)


def test_compose_s_own_values_are_those_of_the_demo() -> None:
    """So that each of them is refused where others reach us."""
    compose = (DEPLOY / "compose.yaml").read_text()
    assert f"SESSION_PUBLIC_KEYS:-{public_key(DEMO)}" in compose
    assert token_hash(DEMO) in compose
    assert yaml.safe_load(compose)["services"]["gateway"]["environment"]["ADMIN_ADDRESS"] == ":8081"


@pytest.fixture
def deploy(tmp_path: Path) -> Path:
    for name in ("new-env", ".env.example"):
        (tmp_path / name).write_bytes((DEPLOY / name).read_bytes())
    return tmp_path


def new_env(deploy: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own program
        ["/bin/bash", str(deploy / "new-env"), "leads.sample.example", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.environ["PATH"]},
    )


def test_new_env_makes_settings_that_every_service_takes_and_only_their_owner_reads(deploy: Path) -> None:
    assert new_env(deploy).returncode == 0
    assert (deploy / ".env").stat().st_mode & 0o777 == 0o600
    lines = [line for line in (deploy / ".env").read_text().splitlines() if line and line[0] != "#"]
    made = dict(line.split("=", 1) for line in lines)
    assert made["SESSION_PUBLIC_KEYS"] == public_key(made["SESSION_KEYS"])
    assert made["OPERATORS"] == f'\'{{"ops": "{token_hash(made["OPS_TOKEN"])}"}}\''
    secrets = [value for value in made.values() if len(value) == 48]
    assert len(set(secrets)) == len(secrets) > 20
    for package in PACKAGES:
        settings_of(package).model_validate(
            {
                "database_url": f"postgresql://x:{made[f'{package.upper()}_DATABASE_PASSWORD']}@db/leads",
                "rabbitmq_url": f"amqp://x:{made[f'{package.upper()}_RABBITMQ_PASSWORD']}@mq/leads",
                "public_url": made["PUBLIC_URL"],
                **{name: made[name.upper()] for name in KEYS[package]},
                "operators": {"ops": token_hash(made["OPS_TOKEN"])},
            }
        )


def test_new_env_overwrites_nothing(deploy: Path) -> None:
    (deploy / ".env").write_text("mine")
    assert new_env(deploy).returncode == 1
    assert (deploy / ".env").read_text() == "mine"
    assert "LINK_KEYS_CHAT=" in new_env(deploy, "-").stdout


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_native_run_gives_each_service_settings_it_starts_with(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = Plan(
        root=tmp_path,
        state_dir=tmp_path,
        ports=DEFAULTS,
        databases=dict.fromkeys(PROGRAMS, f"postgresql://x:{STRONG}@127.0.0.1/x"),
        owners=dict.fromkeys(PROGRAMS, f"postgresql://x:{STRONG}@127.0.0.1/x"),
        brokers={**dict.fromkeys(PROGRAMS, "amqp://127.0.0.1"), "ops": "amqp://127.0.0.1"},
        rabbitmq_api=None,
        claude="off",
        anthropic_key="",
    )
    for variable, value in programs(plan)[name].settings.items():
        monkeypatch.setenv(variable, value)
    settings = settings_of(PROGRAMS[name])()  # type: ignore[call-arg] # from the environment
    assert operator_of(settings.operators, secrets_of(tmp_path)["ops_token"]) == "ops"
