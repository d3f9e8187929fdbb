"""Where leadctl finds the system: from the environment, else from what `make up` wrote."""

import os
from pathlib import Path

from dotenv import dotenv_values
from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

ENV_FILE = Path(".run/env")


def environment() -> dict[str, str]:
    """The process's variables over those of the running stack."""
    return {name: value or "" for name, value in {**dotenv_values(ENV_FILE), **os.environ}.items()}


class Settings(BaseSettings):
    """`LEADCTL_...`; the services' own addresses are needed by `health` only, `rabbitmq_api` is empty where there is none."""

    model_config = SettingsConfigDict(env_prefix="LEADCTL_", env_file=ENV_FILE, extra="ignore", frozen=True)

    gateway_url: str = "http://127.0.0.1:8080"
    sandbox_url: str = "http://127.0.0.1:8090"
    rabbitmq_url: str = "amqp://guest:guest@127.0.0.1:5672/"
    rabbitmq_api: str = ""
    ops_token: SecretStr = SecretStr("")
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
