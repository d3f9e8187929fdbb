"""Where leadctl finds the system: from the environment, else from what `make up` wrote."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated

from dotenv import dotenv_values
from pydantic import AfterValidator, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict
from shared.secrets import KnownSecret, PrivateUrl, password_in, refuse_known
from shared.tls import check_broker_url

from ops.screen import fail

ENV_FILE = Path(".run/env")


def environment() -> dict[str, str]:
    """The process's variables over those of the running stack."""
    return {name: value or "" for name, value in {**dotenv_values(ENV_FILE), **os.environ}.items()}


def refuse_samples(addresses: Mapping[str, str]) -> None:
    """Ends the program when a password of a sample is in one of them, unless LEADCTL_PUBLIC_URL is this machine's alone."""
    passwords = [(name, password_in(address)) for name, address in addresses.items()]
    try:
        refuse_known(environment().get("LEADCTL_PUBLIC_URL", ""), passwords)
    except KnownSecret as error:
        fail(f"{error}. deploy/new-env makes every secret.")


def checked(name: str, address: str, check: Callable[[str], str]) -> str:
    """The address of this variable; ends the program when what it says about TLS cannot work."""
    try:
        return check(address)
    except ValueError as error:
        fail(f"{name}: {error}")


def _checked_broker_url(url: str) -> str:
    return checked("LEADCTL_RABBITMQ_URL", url, check_broker_url)


class Settings(BaseSettings):
    """`LEADCTL_...`; the services' own addresses are needed by `health` only, `rabbitmq_api` is empty where there is none."""

    model_config = SettingsConfigDict(
        env_prefix="LEADCTL_", env_file=ENV_FILE, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    gateway_url: str = "http://127.0.0.1:8080"
    sandbox_url: str = "http://127.0.0.1:8090"
    rabbitmq_url: Annotated[PrivateUrl, AfterValidator(_checked_broker_url)] = (
        "amqp://guest:guest@127.0.0.1:5672/"
    )
    rabbitmq_api: PrivateUrl = ""
    ops_token: SecretStr = SecretStr("")
    admin_url: str = ""
    """Where the operators' endpoints answer; empty: at the gateway, too."""
    ingest_url: str | None = None
    chat_url: str | None = None
    booking_url: str | None = None
    crm_sync_url: str | None = None
    notifier_url: str | None = None

    def service_urls(self) -> dict[str, str]:
        urls = {
            "ingest": self.ingest_url,
            "chat": self.chat_url,
            "booking": self.booking_url,
            "crm-sync": self.crm_sync_url,
            "notifier": self.notifier_url,
        }
        return {name: url for name, url in urls.items() if url}
