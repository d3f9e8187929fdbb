"""The tour as a person does it: the sandbox's page for the shop and the phone, the chat page for the customer."""

import secrets

import pytest
from ops.stack.stackfile import StackFile
from playwright.async_api import Page, expect
from testkit.customer import Customer

pytestmark = [pytest.mark.postgres, pytest.mark.rabbit, pytest.mark.e2e, pytest.mark.timeout(120)]

PATIENCE_MS = 20_000


@pytest.fixture(autouse=True)
def _patience() -> None:
    expect.set_options(timeout=PATIENCE_MS)


async def open_chat(page: Page, stack: StackFile, customer: Customer) -> None:
    await customer.asks_the_shop(first_name="Robin")
    await customer.opens_the_link()
    await page.goto(f"{stack.gateway}/c/{customer.token}")
    await expect(page.get_by_label("Your message")).to_be_visible()


async def say(page: Page, text: str) -> None:
    await page.get_by_label("Your message").fill(text)
    await page.get_by_label("Your message").press("Enter")


async def test_a_customer_asks_a_price_and_books_on_a_phone(
    phone_page: Page, stack: StackFile, customer: Customer
) -> None:
    await open_chat(phone_page, stack, customer)
    await expect(phone_page.get_by_text("virtual assistant").first).to_be_visible()

    await say(phone_page, "How much is the full car ceramic tint?")
    await expect(phone_page.locator(".row-assistant", has_text="$399").last).to_be_visible()

    await phone_page.get_by_role("button", name="Pick a time").last.click()
    times = phone_page.get_by_role("region", name="Available times").last.locator(".slot")
    await times.last.click()
    await expect(phone_page.locator(".row-assistant", has_text="Shall I book it?").last).to_be_visible()

    await phone_page.get_by_role("button", name="Yes").last.click()
    card = phone_page.get_by_role("region", name="Appointment").last
    await expect(card).to_contain_text("Booked")
    await expect(phone_page.get_by_text("Would you like to pick a time?")).to_be_visible()

    await phone_page.reload()
    await expect(phone_page.get_by_role("region", name="Appointment").last).to_contain_text("Booked")


async def test_the_manage_page_of_the_confirmation_cancels_after_asking(
    phone_page: Page, stack: StackFile, customer: Customer
) -> None:
    await customer.asks_the_shop()
    await customer.opens_the_link()
    quote = (await customer.post("/api/booking/quotes", {"service": "front-two"})).json()
    slots = (await customer.get("/api/booking/slots", quote_id=quote["id"])).json()["slots"]
    booked = await customer.post(
        "/api/booking/appointments",
        {"quote_id": quote["id"], "start": slots[-1]["start"]},
        **{"Idempotency-Key": secrets.token_hex(16)},
    )
    await phone_page.goto(booked.json()["manage_url"])
    await expect(phone_page.get_by_role("status")).to_contain_text("Booked")
    await phone_page.get_by_role("button", name="Cancel this appointment").click()
    await phone_page.get_by_role("dialog").get_by_role("button", name="Cancel").last.click()
    await expect(phone_page.get_by_text("This appointment is canceled")).to_be_visible()


async def test_a_link_that_is_not_ours_says_so(phone_page: Page, stack: StackFile) -> None:
    await phone_page.goto(f"{stack.gateway}/c/{'A' * 92}")
    await expect(phone_page.get_by_text("no longer valid")).to_be_visible()


async def test_the_sandbox_page_sends_a_lead_and_shows_what_reached_the_phone(
    phone_page: Page, stack: StackFile
) -> None:
    await phone_page.set_viewport_size({"width": 1440, "height": 900})
    await phone_page.goto(stack.sandbox)
    await phone_page.get_by_role("button", name="Send").last.click()
    await expect(phone_page.get_by_text("e-mail after").first).to_be_visible()
