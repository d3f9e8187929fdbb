"""What the customer's page shows when a person is asked for, does not come, and when the connection goes."""

import re
from collections.abc import AsyncIterator

import asyncpg
import pytest
from ops.stack.stackfile import StackFile
from playwright.async_api import Page, expect
from testkit.customer import Customer
from testkit.patience import eventually

pytestmark = [pytest.mark.postgres, pytest.mark.rabbit, pytest.mark.e2e, pytest.mark.timeout(180)]


@pytest.fixture(autouse=True)
def _patience() -> None:
    expect.set_options(timeout=20_000)


@pytest.fixture
async def page(phone_page: Page, stack: StackFile, customer: Customer) -> Page:
    await customer.asks_the_shop(first_name="Noa")
    await customer.opens_the_link()
    await phone_page.goto(f"{stack.gateway}/c/{customer.token}")
    await expect(phone_page.get_by_label("Your message")).to_be_visible()
    return phone_page


async def say(page: Page, text: str) -> None:
    await page.get_by_label("Your message").fill(text)
    await page.get_by_label("Your message").press("Enter")


async def changed(stack: StackFile, service: str, tenants: str, statement: str, *values: object) -> str:
    """What a service keeps, changed as its own tenant; `tenants`: the query of the tenant's id."""
    connection = await asyncpg.connect(stack.databases[service].replace("+asyncpg", ""))
    try:
        async with connection.transaction():
            tenant = await connection.fetchval(tenants, stack.tenant)
            await connection.execute("SELECT set_config('app.tenant_id', $1, true)", str(tenant))
            done: str = await connection.execute(statement, *values)
            return done
    finally:
        await connection.close()


async def time_is_up(stack: StackFile, customer: Customer) -> None:
    """As if the minutes that a person has to answer were over."""
    lead_id = await customer.lead_id()

    async def hurried() -> bool:
        done = await changed(
            stack,
            "chat",
            "SELECT tenant_id FROM chat.tenants WHERE slug = $1",
            "UPDATE chat.handoffs SET escalate_at = now() FROM chat.conversations c"
            " WHERE c.id = conversation_id AND c.lead_id = $1 AND escalate_at > now()",
            lead_id,
        )
        return done == "UPDATE 1"

    await eventually(hurried, within_seconds=30)


@pytest.fixture
async def open_at_this_hour(stack: StackFile) -> AsyncIterator[None]:
    """A person is waited for while the shop is open only."""
    tenants = "SELECT id FROM booking.tenants WHERE slug = $1"
    await changed(
        stack,
        "booking",
        tenants,
        "INSERT INTO booking.special_openings (tenant_id, location_id, day, opens_minute, closes_minute, note)"
        " SELECT tenant_id, location_id, (now() AT TIME ZONE timezone)::date + n, 0, 1440, $1"
        " FROM booking.locations, generate_series(0, 1) AS n ON CONFLICT DO NOTHING",
        "for a test",
    )
    yield
    await changed(
        stack, "booking", tenants, "DELETE FROM booking.special_openings WHERE note = $1", "for a test"
    )


async def test_a_person_is_offered_and_comes_on_yes(page: Page) -> None:
    await say(page, "Can you give me a discount?")
    # An answer in the making is hidden from screen readers; more words under it would make it stale.
    offer = page.locator(".row-assistant:not([aria-hidden])").last
    await expect(offer).to_contain_text("Would you like to talk to a person?")
    await say(page, "yes please")
    await expect(page.locator(".header-status")).to_contain_text("the assistant answers meanwhile")
    await page.get_by_role("button", name="Continue with the assistant").last.click()
    await expect(page.locator(".header-status")).to_contain_text("a person can step in")


@pytest.mark.usefixtures("open_at_this_hour")
async def test_nobody_comes_and_the_shop_is_to_call_back(
    page: Page, stack: StackFile, customer: Customer
) -> None:
    await page.get_by_role("button", name="Talk to a person").last.click()
    await expect(page.locator(".header-status")).to_contain_text("the assistant answers meanwhile")
    await time_is_up(stack, customer)
    await time_is_up(stack, customer)
    await page.get_by_role("button", name="Call me back").click()
    await expect(page.locator(".row-assistant").last).to_contain_text(f"ending in {customer.phone[-4:]}")
    await expect(page.locator(".row-assistant").last).not_to_contain_text(customer.phone[2:5])
    await page.get_by_role("button", name="Yes, call me").click()
    await expect(page.locator(".row-assistant").last).to_contain_text("will call you")


async def test_what_was_written_without_a_connection_is_answered_once_it_is_back(page: Page) -> None:
    await page.context.set_offline(True)
    await say(page, "How much is the full car ceramic tint?")
    await expect(page.locator(".banner")).to_contain_text("No connection")
    await page.context.set_offline(False)
    await expect(page.locator(".row-assistant", has_text="$399").last).to_be_visible()
    await expect(page.locator(".banner")).to_have_count(0)
    await expect(page.locator(".row-customer", has_text=re.compile("How much"))).to_have_count(1)


async def test_the_page_is_worked_with_the_keyboard_alone(page: Page) -> None:
    for _ in range(10):
        await page.keyboard.press("Tab")
        if await page.evaluate("document.activeElement.innerText") == "Pick a time":
            break
    await page.keyboard.press("Enter")
    times = page.get_by_role("region", name="Available times").last.locator(".slot")
    await expect(times.first).to_be_visible()
    await times.first.focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="Yes, book it").last).to_be_visible()


async def test_the_enter_that_ends_an_input_method_sends_nothing(page: Page) -> None:
    box = page.get_by_label("Your message")
    await box.fill("こんに")
    await box.evaluate(
        "box => box.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', keyCode: 229, bubbles: true}))"
    )
    await expect(box).to_have_value("こんに")
    await box.press("Enter")
    await expect(page.locator(".row-customer", has_text="こんに")).to_have_count(1)
