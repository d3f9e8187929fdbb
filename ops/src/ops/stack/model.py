"""The servers an instance uses, and which of them it started itself."""

from typing import Literal

from pydantic import BaseModel, ConfigDict


class Private(BaseModel):
    """A server this instance started, and therefore ends."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["postgres", "rabbitmq", "container"]
    name: str
    pid: int | None = None
    epmd_port: int | None = None


class Postgres(BaseModel):
    model_config = ConfigDict(frozen=True)

    where: str
    admin_url: str
    private: Private | None = None


class Rabbit(BaseModel):
    """`api`: the management API with its credentials, None when it does not answer."""

    model_config = ConfigDict(frozen=True)

    where: str
    admin_url: str
    api: str | None
    private: Private | None = None


class Servers(BaseModel):
    """`rabbitmq_api` has the form http(s)://user:password@host:port?cafile=… (without /api), None when there is none."""

    model_config = ConfigDict(frozen=True)

    postgres_admin_url: str
    rabbitmq_admin_url: str
    rabbitmq_api: str | None
    private: list[Private] = []
