"""RabbitMQ accounts: a service publishes the events that it owns and reads its own queues; operators may do all in their virtual host."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from shared.events import EVENTS, SERVICES, ServiceName
from shared.messaging.topology import EVENTS_EXCHANGE, LOG_EXCHANGE

OPERATORS = "ops"
ACCOUNTS = (*SERVICES, OPERATORS)

NOTHING = "^$"
EVERYTHING = ".*"


def definitions(addresses: Mapping[str, str]) -> dict[str, Any]:
    """What RabbitMQ imports to have these accounts with these rights and passwords; harmless when they stand.

    `addresses`: AMQP address of each of ACCOUNTS, all in one virtual host.
    """
    vhost = vhost_of(addresses[OPERATORS])
    services = {service: user_of(addresses[service]) for service in SERVICES}
    return {
        "users": [_user(account, address) for account, address in addresses.items()],
        "vhosts": [{"name": vhost}],
        "permissions": [
            *({"user": user, "vhost": vhost, **_rights(service)} for service, user in services.items()),
            {
                "user": user_of(addresses[OPERATORS]),
                "vhost": vhost,
                "configure": EVERYTHING,
                "write": EVERYTHING,
                "read": EVERYTHING,
            },
        ],
        "topic_permissions": [
            {
                "user": user,
                "vhost": vhost,
                "exchange": exchange,
                "write": _own_types(service),
                "read": NOTHING,
            }
            for service, user in services.items()
            for exchange in (EVENTS_EXCHANGE, LOG_EXCHANGE)
        ],
    }


def user_name(vhost: str, account: str) -> str:
    return f"{vhost}_{account.replace('-', '_')}"


def vhost_of(address: str) -> str:
    return unquote(urlsplit(address).path.removeprefix("/")) or "/"


def user_of(address: str) -> str:
    return unquote(urlsplit(address).username or "")


def _user(account: str, address: str) -> dict[str, Any]:
    """Operators may also ask the management API, of their virtual host only."""
    password = unquote(urlsplit(address).password or "")
    tags = ["management"] if account == OPERATORS else []
    return {"name": user_of(address), "password": password, "tags": tags}


def _rights(service: ServiceName) -> dict[str, str]:
    """No right to declare: the topology is the operators'. Its own exchanges hold retries and dead letters."""
    own = re.escape(service)
    exchanges = "|".join(re.escape(name) for name in (EVENTS_EXCHANGE, LOG_EXCHANGE))
    return {
        "configure": NOTHING,
        "write": rf"^({exchanges}|{own}\.dead|{own}\.retry\..+)$",
        "read": rf"^{own}\.",
    }


def _own_types(service: ServiceName) -> str:
    own = (re.escape(event.type) for event in EVENTS if event.publisher == service)
    return f"^({'|'.join(own)})$"
