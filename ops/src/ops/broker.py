"""leadctl broker: the services' and operators' accounts on RabbitMQ."""

import asyncio

import httpx2
import typer
from shared.tls import check_broker_url

from ops.screen import console, fail
from ops.settings import checked, environment, refuse_samples
from ops.stack.accounts import ACCOUNTS, OPERATORS, definitions, user_of, vhost_of
from ops.stack.rabbit import import_definitions
from ops.stack.screen import StackError

app = typer.Typer(help="The services' and operators' accounts on RabbitMQ.", no_args_is_help=True)


@app.callback()
def _broker() -> None:
    """The services' and operators' accounts on RabbitMQ."""


@app.command("provision")
def provision() -> None:
    """Creates virtual host and accounts, and sets rights and passwords; run it before `topology declare`.

    Reads LEADCTL_ADMIN_RABBITMQ_API (the management API with an administrator's account), LEADCTL_RABBITMQ_URL (the
    operators' address) and, of each service, LEADCTL_<SERVICE>_RABBITMQ_URL. Refuses a sample's passwords unless LEADCTL_PUBLIC_URL is
    an address that only this machine reaches.
    """
    api = _variable("LEADCTL_ADMIN_RABBITMQ_API")
    addresses = {
        account: checked(_variable_of(account), _variable(_variable_of(account)), check_broker_url)
        for account in ACCOUNTS
    }
    refuse_samples(
        {"LEADCTL_ADMIN_RABBITMQ_API": api, **{_variable_of(one): url for one, url in addresses.items()}}
    )
    if len({vhost_of(address) for address in addresses.values()}) != 1:
        fail("the addresses name several virtual hosts")
    if len({user_of(address) for address in addresses.values()}) != len(ACCOUNTS):
        fail("each service and the operators need an account of their own")
    try:
        asyncio.run(import_definitions(api, definitions(addresses)))
    except (httpx2.HTTPError, StackError) as error:
        fail(f"the accounts could not be made: {error or type(error).__name__}")
    console.print(f"virtual host {vhost_of(addresses[OPERATORS])}: {len(ACCOUNTS)} accounts", highlight=False)


def _variable_of(account: str) -> str:
    if account == OPERATORS:
        return "LEADCTL_RABBITMQ_URL"
    return f"LEADCTL_{account.replace('-', '_').upper()}_RABBITMQ_URL"


def _variable(name: str) -> str:
    return environment().get(name) or fail(f"{name} is not set")
