"""leadctl database: the services' roles and schemas on the server that their addresses name."""

import asyncio
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

import asyncpg
import typer

from ops.screen import console, fail
from ops.settings import environment
from ops.stack.provision import SCHEMAS, provision_roles, role_name

app = typer.Typer(help="The services' roles and schemas.", no_args_is_help=True)


@app.callback()
def _database() -> None:
    """The services' roles and schemas."""


@app.command("provision")
def provision() -> None:
    """Creates what is missing, and sets each role's password to that of its address; run it before the migrations.

    Reads LEADCTL_ADMIN_DATABASE_URL and, of each service, LEADCTL_<SERVICE>_DATABASE_URL.
    """
    admin_url = _variable("LEADCTL_ADMIN_DATABASE_URL")
    urls = {service: _variable(_variable_of(service)) for service in SCHEMAS}
    database = _database_of(urls)
    passwords = {service: _password_of(url) for service, url in urls.items()}
    try:
        asyncio.run(provision_roles(admin_url, database, passwords))
    except (OSError, asyncpg.PostgresError) as error:
        fail(f"the database could not be provisioned: {error}")
    console.print(f"database {database}: {len(urls)} roles, each with its own schema", highlight=False)


def _variable_of(service: str) -> str:
    return f"LEADCTL_{service.replace('-', '_').upper()}_DATABASE_URL"


def _variable(name: str) -> str:
    return environment().get(name) or fail(f"{name} is not set")


def _database_of(urls: Mapping[str, str]) -> str:
    """The one that all addresses name; each address must name the role that its service has there."""
    names = {urlsplit(url).path.removeprefix("/") for url in urls.values()}
    if len(names) != 1:
        fail(f"the services' addresses name several databases: {', '.join(sorted(names))}")
    database = names.pop()
    for service, url in urls.items():
        if urlsplit(url).username != role_name(database, service):
            fail(f"{_variable_of(service)} must name the role {role_name(database, service)}")
    return database


def _password_of(url: str) -> str:
    return unquote(urlsplit(url).password or "") or fail(
        f"the address of {urlsplit(url).username} holds no password"
    )
