"""Every program of the stack: the command that runs it and the settings it gets, each under its own prefix."""

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from shared.secrets import token_hash
from shared.staff_sessions import public_key

from ops.stack.accounts import OPERATORS
from ops.stack.state import secret, write_private

Claude = str
"""`off`, `key`, `sandbox`, or the address of any Messages API."""
STAND_IN_SECONDS = "1200"
"""Somebody may be writing the answers of one on this machine by hand."""
TENANT = "sample-tint"
PACKAGES = {
    "ingest": "ingest",
    "chat": "chat",
    "booking": "booking",
    "crm-sync": "crm_sync",
    "notifier": "notifier",
}
SECRET_NAMES = (
    "webhook_secret",
    "ops_token",
    "link_keys",
    "link_keys_manage",
    "link_keys_unsubscribe",
    "link_keys_reply",
    "link_keys_login",
    "session_keys",
    "data_keys",
    "challenge_keys",
    "person_key",
    "shopmonkey_api_key",
    "twilio_account_sid",
    "twilio_auth_token",
)


@dataclass(frozen=True)
class Program:
    command: tuple[str, ...]
    settings: Mapping[str, str]


@dataclass(frozen=True)
class Plan:
    """All that the programs' settings are made of."""

    root: Path
    state_dir: Path
    ports: Mapping[str, int]
    databases: Mapping[str, str]
    owners: Mapping[str, str]
    brokers: Mapping[str, str]
    rabbitmq_api: str | None
    claude: Claude
    anthropic_key: str

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.ports[name]}"

    @property
    def services(self) -> dict[str, str]:
        return {name: self.url(name) for name in PACKAGES}


def secrets_of(state_dir: Path) -> dict[str, str]:
    made = {name: secret(state_dir, name) for name in SECRET_NAMES}
    # Twilio's own shape: AC and 32 hex digits.
    return {**made, "twilio_account_sid": "AC" + made["twilio_account_sid"][:32]}


def programs(plan: Plan) -> dict[str, Program]:
    """In the order they start."""
    ours = {"sandbox": _sandbox(plan)}
    ours |= {name: _service(plan, name) for name in PACKAGES}
    return {**ours, "gateway": _gateway(plan)}


def operator_settings(plan: Plan) -> dict[str, str]:
    """What leadctl and a person's shell need; kept in the file `env`."""
    return {
        "LEADCTL_GATEWAY_URL": plan.url("gateway"),
        "LEADCTL_SANDBOX_URL": plan.url("sandbox"),
        "LEADCTL_RABBITMQ_URL": plan.brokers[OPERATORS],
        "LEADCTL_RABBITMQ_API": _operators_api(plan),
        "RABBITMQ_URL": plan.brokers[OPERATORS],
        **{f"LEADCTL_{name.upper()}": value for name, value in secrets_of(plan.state_dir).items()},
        **{f"LEADCTL_{_prefix(name)}URL": url for name, url in plan.services.items()},
        **{f"LEADCTL_{_prefix(name)}DATABASE_URL": url for name, url in plan.databases.items()},
        **{f"LEADCTL_{_prefix(name)}MIGRATION_DATABASE_URL": url for name, url in plan.owners.items()},
    }


def write_settings(plan: Plan) -> None:
    """`programs.json` for the launcher, `env` for a shell; both hold secrets and are readable by their owner only."""
    launched = {
        name: {"command": one.command, "env": dict(one.settings)} for name, one in programs(plan).items()
    }
    write_private(plan.state_dir / "programs.json", json.dumps(launched, indent=2))
    lines = [f"{name}={value}" for name, value in operator_settings(plan).items()]
    write_private(
        plan.state_dir / "env", "\n".join(["# Written by every `make up`; holds secrets.", *lines, ""])
    )


def _sandbox(plan: Plan) -> Program:
    known = secrets_of(plan.state_dir)
    shared = ("webhook_secret", "shopmonkey_api_key", "twilio_account_sid", "twilio_auth_token")
    settings = {
        "SANDBOX_HOST": "127.0.0.1",
        "SANDBOX_PORT": str(plan.ports["sandbox"]),
        "SANDBOX_SMTP_PORT": str(plan.ports["sandbox-smtp"]),
        "SANDBOX_GATEWAY_URL": plan.url("gateway"),
        "SANDBOX_TENANT": TENANT,
        **{f"SANDBOX_{name.upper()}": known[name] for name in shared},
    }
    return Program((sys.executable, "-m", "sandbox"), {**_callers("SANDBOX_"), **settings})


def _service(plan: Plan, name: str) -> Program:
    prefix, known = _prefix(name), secrets_of(plan.state_dir)
    settings = {
        "HOST": "127.0.0.1",
        "PORT": str(plan.ports[name]),
        "DATABASE_URL": plan.databases[name],
        "RABBITMQ_URL": plan.brokers[name],
        "PUBLIC_URL": plan.url("gateway"),
        "OPERATORS": json.dumps({"ops": token_hash(known["ops_token"])}),
        **_own_settings(plan, name),
    }
    named = {f"{prefix}{key}": value for key, value in settings.items()}
    return Program((sys.executable, "-m", PACKAGES[name], "serve"), {**_callers(prefix), **named})


def _own_settings(plan: Plan, name: str) -> dict[str, str]:
    known, sandbox = secrets_of(plan.state_dir), plan.url("sandbox")
    match name:
        case "ingest":
            return {
                "LINK_KEYS_LOGIN": known["link_keys_login"],
                "SESSION_KEYS": known["session_keys"],
                "DATA_KEYS": known["data_keys"],
                "CHALLENGE_KEYS": known["challenge_keys"],
                "PERSON_KEY": known["person_key"],
            }
        case "chat":
            return {
                "LINK_KEYS_CHAT": known["link_keys"],
                "SESSION_PUBLIC_KEYS": public_key(known["session_keys"]),
                "BOOKING_URL": plan.url("booking"),
                **_claude(plan),
            }
        case "booking":
            return {
                "LINK_KEYS_CHAT": known["link_keys"],
                "LINK_KEYS_MANAGE": known["link_keys_manage"],
                "SESSION_PUBLIC_KEYS": public_key(known["session_keys"]),
            }
        case "crm-sync":
            account = {"base_url": f"{sandbox}/shopmonkey", "api_key": known["shopmonkey_api_key"]}
            return {"SHOPMONKEY_ACCOUNTS": json.dumps({"default": account})}
        case "notifier":
            return {
                "LINK_KEYS_CHAT": known["link_keys"],
                "LINK_KEYS_UNSUBSCRIBE": known["link_keys_unsubscribe"],
                "LINK_KEYS_REPLY": known["link_keys_reply"],
                "LINK_KEYS_LOGIN": known["link_keys_login"],
                "PERSON_KEY": known["person_key"],
                "CHAT_URL": plan.url("chat"),
                "BOOKING_URL": plan.url("booking"),
                "SMTP_HOST": "127.0.0.1",
                "SMTP_PORT": str(plan.ports["sandbox-smtp"]),
                "SMTP_STARTTLS": "false",
                "INBOUND_EMAIL_SECRET": known["webhook_secret"],
                "TWILIO_BASE_URL": f"{sandbox}/twilio",
                "TWILIO_ACCOUNT_SID": known["twilio_account_sid"],
                "TWILIO_AUTH_TOKEN": known["twilio_auth_token"],
            }
        case _:
            return {}


def _operators_api(plan: Plan) -> str:
    """The management API with the operators' account; empty when the broker has none."""
    if plan.rabbitmq_api is None:
        return ""
    account = urlsplit(plan.brokers[OPERATORS]).netloc.rpartition("@")[0]
    api = urlsplit(plan.rabbitmq_api)
    return api._replace(netloc=f"{account}@{api.hostname}:{api.port}").geturl()


def _claude(plan: Plan) -> dict[str, str]:
    match plan.claude:
        case "sandbox":
            return {"ANTHROPIC_API_KEY": "sandbox", "ANTHROPIC_BASE_URL": f"{plan.url('sandbox')}/anthropic"}
        case "key":
            return {"ANTHROPIC_API_KEY": plan.anthropic_key}
        case "off":
            return {"ANTHROPIC_API_KEY": ""}
        case address:
            return {
                "ANTHROPIC_API_KEY": plan.anthropic_key or "stand-in",
                "ANTHROPIC_BASE_URL": address,
                **_patience(address),
            }


def _patience(address: str) -> dict[str, str]:
    """For a stand-in on this machine: as long as it takes."""
    if urlsplit(address).hostname not in {"127.0.0.1", "localhost"}:
        return {}
    names = ("ANTHROPIC_FIRST_TOKEN_SECONDS", "ANTHROPIC_ANSWER_SECONDS", "JUDGE_SECONDS")
    return dict.fromkeys(names, STAND_IN_SECONDS)


def _gateway(plan: Plan) -> Program:
    caddy = str(Path(sys.executable).with_name("caddy"))
    config = str(plan.root / "deploy" / "Caddyfile")
    settings = {
        "SITE_ADDRESS": f":{plan.ports['gateway']}",
        "SITE_BIND": "127.0.0.1",
        "ADMIN_AT": "site",
        "PUBLIC_URL": plan.url("gateway"),
        "CHAT_WEB_ROOT": str(plan.root / "web" / "apps" / "chat" / "dist"),
        "CONSOLE_WEB_ROOT": str(plan.root / "web" / "apps" / "console" / "dist"),
        "XDG_CONFIG_HOME": str(plan.state_dir / "caddy"),
        "XDG_DATA_HOME": str(plan.state_dir / "caddy"),
        **{f"{_prefix(name)}UPSTREAM": f"127.0.0.1:{plan.ports[name]}" for name in PACKAGES},
    }
    return Program((caddy, "run", "--config", config, "--adapter", "caddyfile"), settings)


def _prefix(name: str) -> str:
    return name.replace("-", "_").upper() + "_"


def _callers(prefix: str) -> dict[str, str]:
    """Settings of this program from the caller's environment (a model's name, a poll interval); ours come after."""
    return {name: value for name, value in os.environ.items() if name.startswith(prefix)}
