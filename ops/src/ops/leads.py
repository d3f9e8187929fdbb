"""leadctl send-lead: a lead from the sandbox's ShopMonkey, as a shop's website would make it."""

import httpx2

from ops.screen import fail, refusal
from ops.settings import Settings

TIMEOUT_SECONDS = 70
"""ShopMonkey's sender retries for 55 s; the sandbox answers when it is done."""


def send_lead(settings: Settings, lead: dict[str, object]) -> dict[str, object]:
    """The sandbox's answer: order, customer and vehicle ids, and how each webhook delivery was answered."""
    try:
        answer = httpx2.post(
            f"{settings.sandbox_url}/control/leads", json=lead, timeout=TIMEOUT_SECONDS, trust_env=False
        )
    except httpx2.HTTPError as error:
        fail(f"the sandbox does not answer ({error}). Is the stack up? `make up` starts it.")
    if answer.status_code != 201:
        fail(refusal(answer))
    result: dict[str, object] = answer.json()
    return result
