"""leadctl database: the services' roles and schemas on the server that their addresses name."""

import asyncio
from collections.abc import Iterable
from urllib.parse import unquote, urlsplit

import asyncpg
import typer
from shared.tls import check_database_url

from ops.screen import console, fail
from ops.settings import checked, environment, refuse_samples
from ops.stack.provision import SCHEMAS, Passwords, owner_name, provision_roles, role_name

app = typer.Typer(help="The services' roles and schemas.", no_args_is_help=True)


@app.callback()
def _database() -> None:
    """The services' roles and schemas."""


@app.command("provision")
def provision() -> None:
    """Creates what is missing, and sets each role's password to that of its address; run it before the migrations.

    Reads LEADCTL_ADMIN_DATABASE_URL and, of each service, LEADCTL_<SERVICE>_DATABASE_URL and
    LEADCTL_<SERVICE>_MIGRATION_DATABASE_URL, whose role owns the schema. The relay's role has the service's password. Refuses a
    sample's passwords unless LEADCTL_PUBLIC_URL is an address that only this machine reaches.
    """
    admin_url = _variable("LEADCTL_ADMIN_DATABASE_URL")
    urls = {service: _variable(_name_of(service)) for service in SCHEMAS}
    owners = {service: _variable(_name_of(service, "MIGRATION_")) for service in SCHEMAS}
    refuse_samples(
        {
            "LEADCTL_ADMIN_DATABASE_URL": admin_url,
            **{_name_of(one): url for one, url in urls.items()},
            **{_name_of(one, "MIGRATION_"): url for one, url in owners.items()},
        }
    )
    database = _database_of([*urls.values(), *owners.values()])
    for service in SCHEMAS:
        _require_role(_name_of(service), role_name(database, service))
        _require_role(_name_of(service, "MIGRATION_"), owner_name(database, service))
    passwords = {
        service: Passwords(service=_password_of(urls[service]), owner=_password_of(owners[service]))
        for service in SCHEMAS
    }
    try:
        asyncio.run(provision_roles(admin_url, database, passwords))
    except (OSError, asyncpg.PostgresError) as error:
        fail(f"the database could not be provisioned: {error}")
    console.print(f"database {database}: {len(passwords)} schemas, each with its roles", highlight=False)


def _name_of(service: str, whose: str = "") -> str:
    return f"LEADCTL_{service.replace('-', '_').upper()}_{whose}DATABASE_URL"


def _variable(name: str) -> str:
    url = environment().get(name) or fail(f"{name} is not set")
    return checked(name, url, check_database_url)


def _database_of(urls: Iterable[str]) -> str:
    """The one that all addresses name."""
    names = {urlsplit(url).path.removeprefix("/") for url in urls}
    if len(names) != 1:
        fail(f"the services' addresses name several databases: {', '.join(sorted(names))}")
    return names.pop()


def _require_role(variable: str, role: str) -> None:
    if urlsplit(_variable(variable)).username != role:
        fail(f"{variable} must name the role {role}")


def _password_of(url: str) -> str:
    return unquote(urlsplit(url).password or "") or fail(
        f"the address of {urlsplit(url).username} holds no password"
    )
