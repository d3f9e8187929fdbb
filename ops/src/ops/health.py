"""leadctl health: what answers and what does not."""

import asyncio

import aio_pika
import httpx2
from aio_pika.exceptions import AMQPError

from ops.settings import Settings

TIMEOUT_SECONDS = 3


async def checks(settings: Settings) -> list[tuple[str, bool, str]]:
    """Name, healthy, detail; the gateway first, the broker last."""
    addresses = {"gateway": f"{settings.gateway_url}/healthz"}
    addresses |= {name: f"{url}/readyz" for name, url in settings.service_urls().items()}
    async with httpx2.AsyncClient(timeout=TIMEOUT_SECONDS, trust_env=False) as http:
        answers = await asyncio.gather(*(_http(http, name, url) for name, url in addresses.items()))
    return [*answers, await _rabbitmq(settings.rabbitmq_url)]


async def _http(http: httpx2.AsyncClient, name: str, url: str) -> tuple[str, bool, str]:
    try:
        answer = await http.get(url)
    except httpx2.HTTPError as error:
        return name, False, f"no answer: {error or type(error).__name__}"
    return name, answer.is_success, f"{answer.status_code} {answer.text.strip()[:120]}"


async def _rabbitmq(url: str) -> tuple[str, bool, str]:
    try:
        connection = await aio_pika.connect(url, timeout=TIMEOUT_SECONDS)
    except (OSError, AMQPError, TimeoutError) as error:
        return "rabbitmq", False, repr(error)
    await connection.close()
    return "rabbitmq", True, "connects"
