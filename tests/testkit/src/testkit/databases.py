"""A fresh, migrated database for each test: a copy of a template, so that tests may really commit."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ops.stack.environment import PACKAGES
from ops.stack.infrastructure import drop_database, provision_database
from ops.stack.model import Servers
from ops.stack.provision import owner_url
from shared.db.migrate import upgrade
from shared.events import ServiceName


class Databases:
    """Templates are made once for each service, when the first test asks."""

    def __init__(self, servers: Servers) -> None:
        self._admin_url = servers.postgres_admin_url
        self._run = f"tk_{secrets.token_hex(3)}"
        self._secret = secrets.token_hex(16)
        self._templates: dict[ServiceName, str] = {}

    @asynccontextmanager
    async def migrated(self, service: ServiceName) -> AsyncIterator[str]:
        """The URL of the service's own role in a database of its own, dropped at the end."""
        template = await self._template(service)
        name = f"{template}_{secrets.token_hex(4)}"
        urls = await provision_database(
            self._admin_url, name, [service], secret=self._secret, template=template
        )
        try:
            yield urls[service]
        finally:
            await drop_database(self._admin_url, name, [service], keep_roles=True)

    def owner_url(self, url: str) -> str:
        """Of the role that owns what the service at `url` works in."""
        return owner_url(url, self._secret)

    async def drop_templates(self) -> None:
        for service, template in self._templates.items():
            await drop_database(self._admin_url, template, [service])

    async def _template(self, service: ServiceName) -> str:
        if service not in self._templates:
            name = f"{self._run}_{PACKAGES[service]}"
            self._templates[service] = name
            urls = await provision_database(self._admin_url, name, [service], secret=self._secret)
            await asyncio.to_thread(upgrade, PACKAGES[service], self.owner_url(urls[service]))
        return self._templates[service]
