"""The staff answer a customer from the console: mailed link, inbox, take over, reply, give back."""

import asyncio
import csv
import re
import secrets
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx2
import pytest
from ops.stack.stackfile import StackFile
from playwright.async_api import Browser, ConsoleMessage, Locator, Page, expect
from testkit.customer import Customer
from testkit.leadctl import leadctl
from testkit.patience import eventually

pytestmark = [pytest.mark.postgres, pytest.mark.rabbit, pytest.mark.e2e, pytest.mark.timeout(180)]

ROOT = Path(__file__).parents[2]
AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
SCREENS = {"desk": (1440, 900), "phone": (390, 844)}


@pytest.fixture(autouse=True)
def _patience() -> None:
    expect.set_options(timeout=20_000)


@pytest.fixture(params=SCREENS)
async def staff_page(browser: Browser, request: pytest.FixtureRequest) -> AsyncIterator[Page]:
    """Errors of the page, and whatever the gateway's policy would have to forbid, fail the test."""
    width, height = SCREENS[request.param]
    context = await browser.new_context(viewport={"width": width, "height": height})
    page = await context.new_page()
    errors: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            errors.append(message.text)

    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", note)
    yield page
    results = ROOT / "test-results"
    results.mkdir(exist_ok=True)
    await page.screenshot(path=results / f"{request.node.name}.png")
    await context.close()
    assert errors == []


async def hired(stack: StackFile, role: str = "location", name: str = "Sam Sample") -> str:
    """The address of a new member."""
    email = f"member.{secrets.token_hex(4)}@example.com"
    settings = {"LEADCTL_GATEWAY_URL": stack.gateway, "LEADCTL_OPS_TOKEN": stack.secrets["ops_token"]}
    command = ("staff", "set", email, "--name", name, "--role", role, "--location", "Store094")
    await leadctl(settings, *command, "--tenant", stack.tenant)
    return email


async def mailed_link(stack: StackFile, http: httpx2.AsyncClient, email: str) -> str:
    async def link() -> str:
        answer = await http.get(f"{stack.sandbox}/control/inbox", params={"to": email, "channel": "email"})
        found = [re.search(r"http\S+/console\?code=[\w.=-]+", mail["text"]) for mail in answer.json()]
        return found[-1][0] if found and found[-1] else ""

    return await eventually(link)


async def sign_in(page: Page, stack: StackFile, http: httpx2.AsyncClient, email: str, path: str = "") -> None:
    await page.goto(f"{stack.gateway}/console{path}")
    await page.get_by_label("Your email address").fill(email)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Look in your inbox")).to_be_visible()
    await page.goto(await mailed_link(stack, http, email))
    await expect(page.get_by_role("button", name="Sign in on this device")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Inbox")).to_be_visible()


async def has_no_barrier(page: Page) -> None:
    await page.evaluate(AXE.read_text())
    found = await page.evaluate(
        "axe.run().then(({violations}) => violations.map(({id, nodes}) => `${id}: ${nodes.map(n => n.target)}`))"
    )
    assert found == []


async def say(page: Page, text: str) -> None:
    await page.get_by_label("Your message").fill(text)
    await page.get_by_label("Your message").press("Enter")


@pytest.fixture
async def waiting(phone_page: Page, stack: StackFile, customer: Customer) -> Page:
    """The page of a customer who waits for a person."""
    await customer.asks_the_shop(first_name="Noa")
    await customer.opens_the_link()
    await phone_page.goto(f"{stack.gateway}/c/{customer.token}")
    await phone_page.get_by_role("button", name="Talk to a person").last.click()
    await expect(phone_page.locator(".header-status")).to_contain_text("the assistant answers meanwhile")
    return phone_page


async def test_a_customer_who_waits_is_taken_over_answered_and_given_back(
    staff_page: Page, waiting: Page, stack: StackFile, http: httpx2.AsyncClient, customer: Customer
) -> None:
    word = f"z{secrets.token_hex(6)}"
    await say(waiting, f"My van is called {word}")
    await sign_in(staff_page, stack, http, await hired(stack))
    rows = staff_page.get_by_role("list", name="Conversations").get_by_role("link")
    for words in (word[:9], customer.phone):
        await staff_page.get_by_role("searchbox").fill(words)
        await expect(rows).to_have_count(1)
    await expect(rows.first).to_contain_text("Waits")
    await has_no_barrier(staff_page)

    await rows.first.click()
    conversation = staff_page.get_by_role("region", name="Conversation", exact=True)
    await expect(conversation.get_by_role("status")).to_contain_text("waits for a person")
    await has_no_barrier(staff_page)

    await staff_page.get_by_role("button", name="Take over").click()
    await expect(conversation.get_by_role("status")).to_contain_text("You answer")
    await expect(waiting.locator(".log")).to_contain_text("has joined the chat")

    await staff_page.get_by_label("Your reply").fill("Sam here: Friday at ten works.")
    await staff_page.get_by_role("button", name="Send", exact=True).click()
    await expect(staff_page.get_by_label("Your reply")).to_have_value("")
    await expect(waiting.locator(".row-staff")).to_contain_text("Friday at ten works")

    await say(waiting, "Thank you, see you then")
    await expect(conversation.locator(".entry-customer").last).to_contain_text("see you then")
    await staff_page.get_by_text("Private note").click()
    await staff_page.get_by_label("Your note").fill("Knows the way.")
    await staff_page.get_by_role("button", name="Keep note").click()
    await expect(conversation.locator(".entry-note")).to_contain_text("Knows the way.")

    await staff_page.get_by_role("button", name="Give back").click()
    await expect(conversation.get_by_role("status")).to_contain_text("The assistant answers.")
    await expect(waiting.locator(".log")).not_to_contain_text("Knows the way.")
    await staff_page.reload()
    await expect(conversation.locator(".entry-staff")).to_contain_text("Friday at ten works")


async def test_a_reply_that_fails_is_kept_and_sent_once(
    staff_page: Page, waiting: Page, stack: StackFile, http: httpx2.AsyncClient, customer: Customer
) -> None:
    await sign_in(staff_page, stack, http, await hired(stack), f"/inbox?q={customer.phone[1:]}")
    await staff_page.get_by_role("list", name="Conversations").get_by_role("link").first.click()
    box = staff_page.get_by_label("Your reply")
    await box.fill("I can help you with that.")
    # The server gets it, and its answer is lost.
    lost = 0

    async def lose(route: object) -> None:
        nonlocal lost
        lost += 1
        await route.fetch()  # type: ignore[attr-defined]
        await route.abort()  # type: ignore[attr-defined]

    await staff_page.route("**/messages", lose)
    await box.press("Enter")
    await expect(staff_page.get_by_role("alert")).to_contain_text("kept here as a draft")
    await expect(box).to_have_value("I can help you with that.")
    await staff_page.unroute("**/messages")
    await staff_page.get_by_role("button", name="Send again").click()
    await expect(box).to_have_value("")
    assert lost > 1
    await expect(waiting.locator(".row-staff")).to_have_count(1)
    await expect(staff_page.locator(".entry-staff")).to_have_count(1)


async def test_two_members_do_not_answer_over_each_other(
    staff_page: Page,
    waiting: Page,
    browser: Browser,
    stack: StackFile,
    http: httpx2.AsyncClient,
    customer: Customer,
) -> None:
    path = f"/inbox/{(await customer.session())['conversation']['id']}"
    await sign_in(staff_page, stack, http, await hired(stack), path)
    colleague = await (await browser.new_context()).new_page()
    await sign_in(colleague, stack, http, await hired(stack, name="Olga Sample"), path)
    status = staff_page.get_by_role("region", name="Conversation", exact=True).get_by_role("status")
    await expect(status).to_contain_text("Olga Sample is here, too.")

    typing = asyncio.create_task(
        colleague.get_by_label("Your reply").press_sequentially("Olga: Friday at ten works. " * 4, delay=200)
    )
    await expect(status).to_contain_text("Olga Sample is writing a reply.")
    box, send = (
        staff_page.get_by_label("Your reply"),
        staff_page.get_by_role("button", name="Send", exact=True),
    )
    await box.fill("Sam: Monday works.")
    await expect(send).to_be_disabled()
    await expect(staff_page.get_by_text("Yours can be sent after it.")).to_be_visible()
    await has_no_barrier(staff_page)
    await typing
    await colleague.get_by_role("button", name="Send", exact=True).click()
    await expect(staff_page.locator(".entry-staff")).to_contain_text("Friday at ten works.")

    await send.click()
    await expect(staff_page.get_by_role("alert")).to_contain_text("Friday at ten works.")
    await expect(box).to_have_value("Sam: Monday works.")
    await has_no_barrier(staff_page)
    await expect(waiting.locator(".row-staff")).to_have_count(1)
    await staff_page.get_by_role("button", name="Send all the same").click()
    await expect(waiting.locator(".row-staff")).to_have_count(2)
    await colleague.context.close()
    await expect(status).not_to_contain_text("Olga Sample is", timeout=90_000)


async def test_leads_are_listed_filtered_exported_and_their_life_is_told(
    staff_page: Page, waiting: Page, stack: StackFile, http: httpx2.AsyncClient, customer: Customer
) -> None:
    await sign_in(staff_page, stack, http, await hired(stack, "read_only"))
    await staff_page.get_by_role("link", name="Leads").click()
    rows = staff_page.get_by_role("list", name="Leads", exact=True).get_by_role("link")
    await staff_page.get_by_role("searchbox").fill(customer.phone)
    await expect(rows).to_have_count(1)
    await expect(rows.first).to_contain_text("Sample Tint")
    await has_no_barrier(staff_page)
    await staff_page.get_by_label("Status").select_option("Won")
    await expect(staff_page.get_by_role("heading", name="No lead fits")).to_be_visible()
    await staff_page.get_by_label("Status").select_option("Any status")
    await expect(rows).to_have_count(1)
    link = staff_page.get_by_role("link", name="Export CSV")
    file = await staff_page.context.request.get(f"{stack.gateway}{await link.get_attribute('href')}")
    table = list(csv.DictReader((await file.text()).splitlines()))
    assert [row["phone"] for row in table] == [f"'{customer.phone}"]

    await rows.first.click()
    timeline = staff_page.get_by_role("list", name="Timeline")
    await expect(timeline).to_contain_text("Lead received from")
    await expect(timeline).to_contain_text("email sent: ")
    await expect(timeline.get_by_text(re.compile(r"^\+[\d,]+ ms$")).first).to_be_visible()
    await has_no_barrier(staff_page)
    await staff_page.get_by_role("link", name="Find the conversation").click()
    await expect(staff_page.get_by_role("list", name="Conversations").get_by_role("link")).to_have_count(1)


async def test_who_may_only_look_reads_and_cannot_write(
    staff_page: Page, waiting: Page, stack: StackFile, http: httpx2.AsyncClient, customer: Customer
) -> None:
    conversation = (await customer.session())["conversation"]["id"]
    path = f"/inbox/{conversation}"
    await sign_in(staff_page, stack, http, await hired(stack, "read_only"), path)
    assert staff_page.url.endswith(f"/console{path}")
    await expect(staff_page.get_by_text("Your role does not write.")).to_be_visible()
    await expect(staff_page.get_by_label("Your reply")).to_have_count(0)
    await expect(staff_page.get_by_role("button", name="Take over")).to_have_count(0)
    refused = await staff_page.evaluate(
        """id => fetch(`/api/staff/conversations/${id}/messages`, {
            method: "POST", headers: {"Content-Type": "application/json"},
            body: JSON.stringify({client_id: "1", text: "Hello"}),
        }).then(answer => answer.status)""",
        conversation,
    )
    assert refused == 403
    await expect(waiting.locator(".row-staff")).to_have_count(0)


@pytest.mark.parametrize("staff_page", ["desk"], indirect=True)
async def test_a_hand_off_is_answered_with_the_keyboard_alone(
    staff_page: Page, waiting: Page, stack: StackFile, http: httpx2.AsyncClient, customer: Customer
) -> None:
    await sign_in(staff_page, stack, http, await hired(stack))
    keys = staff_page.keyboard
    await keys.press("?")
    await expect(staff_page.get_by_role("dialog", name="Keys")).to_be_visible()
    await has_no_barrier(staff_page)
    await keys.press("Escape")
    await expect(staff_page.get_by_role("dialog", name="Keys")).to_have_count(0)
    await keys.press("/")
    await keys.type(customer.phone)
    await expect(staff_page.get_by_role("list", name="Conversations").get_by_role("link")).to_have_count(1)
    await keys.press("Escape")
    await keys.press("j")
    await expect(staff_page.get_by_role("heading", name="Noa")).to_be_focused()
    await keys.press("t")
    await expect(staff_page.get_by_text("You answer. The assistant is silent.")).to_be_visible()
    await keys.press("r")
    await keys.type("Sam here, happy to help.")
    await keys.press("Enter")
    await expect(waiting.locator(".row-staff")).to_contain_text("happy to help")
    await keys.press("Escape")
    await keys.press("e")
    await expect(waiting.locator(".header-status")).to_contain_text("a person can step in")


def weekday_ahead(days: int) -> date:
    """On which the sample shop is open from nine to six."""
    day = datetime.now(UTC).date() + timedelta(days=days)
    return day + timedelta(days=max(0, 7 - day.weekday()) if day.weekday() > 4 else 0)


async def opens_calendar(page: Page, day: date) -> None:
    await page.get_by_role("link", name="Calendar").click()
    await page.get_by_label("Go to day").fill(day.isoformat())
    await expect(page.get_by_role("heading", name=f"{day:%A}, {day:%B} {day.day}")).to_be_visible()
    await expect(page.get_by_text("times in P")).to_be_visible()


async def wishes(page: Page, customer: Customer, service: str = "Front Windows Only") -> Locator:
    """The booking dialog with the free times of that service for that customer."""
    await page.get_by_role("button", name="Book", exact=True).click()
    dialog = page.get_by_role("dialog", name="Book for a customer")
    await dialog.get_by_role("searchbox").fill(customer.phone)
    await expect(dialog.get_by_role("list", name="Customers").get_by_role("button")).to_have_count(1)
    await has_no_barrier(page)
    await dialog.get_by_role("list", name="Customers").get_by_role("button").click()
    await choose_service(dialog, service)
    return dialog


async def choose_service(dialog: Locator, service: str) -> None:
    select = dialog.get_by_label("Service")
    option = select.locator("option", has_text=service)
    await expect(option).to_have_count(1)
    await select.select_option(await option.get_attribute("value"))


def times(dialog: Locator, day: date) -> Locator:
    return dialog.get_by_role("region", name=f"{day:%a}, {day:%b} {day.day}").get_by_role("button")


async def new_lead(stack: StackFile, http: httpx2.AsyncClient) -> tuple[Customer, str]:
    """A customer whom the shop knows, and the name that is theirs alone."""
    customer, name = Customer(stack, http), f"Cal{secrets.token_hex(3)}"
    await customer.asks_the_shop(first_name=name)
    await customer.opens_the_link()
    return customer, name


async def told(customer: Customer, subject: str) -> bool:
    return any(mail["subject"].strip().startswith(subject) for mail in await customer.inbox("email"))


async def test_staff_book_move_and_cancel_in_the_calendar(  # noqa: PLR0915 - one journey
    staff_page: Page, stack: StackFile, http: httpx2.AsyncClient
) -> None:
    customer, name = await new_lead(stack, http)
    await sign_in(staff_page, stack, http, await hired(stack))
    day = weekday_ahead(8)
    await opens_calendar(staff_page, day)
    await has_no_barrier(staff_page)

    dialog = await wishes(staff_page, customer)
    await times(dialog, day).first.click()
    await has_no_barrier(staff_page)
    await dialog.get_by_role("button", name="Book ", exact=False).last.click()
    await expect(dialog).to_have_count(0)
    entry = staff_page.get_by_role("button", name=name)
    await expect(entry).to_contain_text("Front Windows Only")
    await eventually(lambda: told(customer, "Booked"))
    await has_no_barrier(staff_page)

    was = await entry.inner_text()
    await entry.click()
    dialog = staff_page.get_by_role("dialog", name="Appointment")
    await has_no_barrier(staff_page)
    await dialog.get_by_role("button", name="Move", exact=True).click()
    await times(dialog, day).last.click()
    await dialog.get_by_role("button", name="Move to ").click()
    await expect(dialog).to_have_count(0)
    await expect(entry).not_to_have_text(was)
    await eventually(lambda: told(customer, "Changed by the shop"))

    await staff_page.get_by_text("Week", exact=True).click()
    await expect(entry).to_be_visible()
    await has_no_barrier(staff_page)
    await entry.click()
    await dialog.get_by_role("button", name="Cancel the appointment").click()
    await dialog.get_by_label("Why").fill("Asked by phone")
    await dialog.get_by_role("button", name="Cancel it").click()
    await expect(entry).to_have_count(0)
    await eventually(lambda: told(customer, "Canceled by the shop"))
    assert len([one for one in await customer.inbox("email") if "by the shop" in one["subject"]]) == 2


@pytest.mark.parametrize("staff_page", ["desk"], indirect=True)
async def test_a_time_that_was_taken_meanwhile_is_refused_with_others(
    staff_page: Page, stack: StackFile, http: httpx2.AsyncClient
) -> None:
    customer, name = await new_lead(stack, http)
    others = [(await new_lead(stack, http))[0] for _ in range(2)]
    await sign_in(staff_page, stack, http, await hired(stack))
    day = weekday_ahead(15)
    await opens_calendar(staff_page, day)
    dialog = await wishes(staff_page, customer)
    await times(dialog, day).first.click()
    for other in others:
        services = (await other.get("/api/booking/catalog")).json()["services"]
        [code] = [one["code"] for one in services if one["name"] == "Front Windows Only"]
        quote = (await other.post("/api/booking/quotes", {"service": code})).json()
        query = {"quote_id": quote["id"], "from": day.isoformat(), "days": 1}
        slot = (await other.get("/api/booking/slots", **query)).json()["slots"][0]
        wish = {"quote_id": quote["id"], "start": slot["start"]}
        booked = await other.post("/api/booking/appointments", wish, **{"Idempotency-Key": quote["id"]})
        assert booked.status_code == 201, booked.text

    await dialog.get_by_role("button", name="Book ").last.click()
    alert = dialog.get_by_role("alert")
    await expect(alert).to_contain_text("This time has just been taken.")
    await expect(alert.get_by_role("button")).to_have_count(3)
    await has_no_barrier(staff_page)
    await staff_page.keyboard.press("Escape")
    await expect(staff_page.get_by_role("button", name=name)).to_have_count(0)


async def tab_to(page: Page, wanted: Locator) -> None:
    for _ in range(60):
        if await wanted.evaluate("element => element === document.activeElement"):
            return
        await page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not lead to {wanted}")


@pytest.mark.parametrize("staff_page", ["desk"], indirect=True)
async def test_the_calendar_is_worked_with_the_keyboard_alone(  # noqa: PLR0915 - one journey
    staff_page: Page, stack: StackFile, http: httpx2.AsyncClient
) -> None:
    customer, name = await new_lead(stack, http)
    await sign_in(staff_page, stack, http, await hired(stack))
    day = weekday_ahead(22)
    await staff_page.goto(f"{stack.gateway}/console/calendar?location=Store094&day={day}")
    await expect(staff_page.get_by_text("times in P")).to_be_visible()
    keys = staff_page.keyboard
    await keys.press("?")
    await expect(staff_page.get_by_role("dialog", name="Keys")).to_be_visible()
    await keys.press("Escape")
    await keys.press("w")
    await expect(staff_page.get_by_role("table")).to_be_visible()
    await keys.press("d")
    await keys.press("b")
    dialog = staff_page.get_by_role("dialog", name="Book for a customer")
    await expect(dialog.get_by_role("searchbox")).to_be_focused()
    await keys.type(customer.phone)
    found = dialog.get_by_role("list", name="Customers").get_by_role("button")
    await expect(found).to_have_count(1)
    await tab_to(staff_page, found)
    await keys.press("Enter")
    await expect(dialog.get_by_label("Service")).to_be_focused()
    await expect(dialog.locator("option", has_text="Front Windows Only")).to_have_count(1)
    await keys.type("Front")
    await expect(times(dialog, day).first).to_be_visible()
    await tab_to(staff_page, times(dialog, day).first)
    await keys.press("Enter")
    await tab_to(staff_page, dialog.get_by_role("button", name="Book ").last)
    await keys.press("Enter")
    await expect(dialog).to_have_count(0)

    entry = staff_page.get_by_role("button", name=name)
    for verb, ends in (("Move", "Move to "), ("Cancel the appointment", "Cancel it")):
        await expect(entry).to_be_visible()
        await tab_to(staff_page, entry)
        await keys.press("Enter")
        dialog = staff_page.get_by_role("dialog", name="Appointment")
        await tab_to(staff_page, dialog.get_by_role("button", name=verb, exact=True))
        await keys.press("Enter")
        if verb == "Move":
            await expect(times(dialog, day).last).to_be_visible()
            await tab_to(staff_page, times(dialog, day).last)
            await keys.press("Enter")
        await tab_to(staff_page, dialog.get_by_role("button", name=ends))
        await keys.press("Enter")
        await expect(dialog).to_have_count(0)
    await expect(entry).to_have_count(0)


@pytest.mark.parametrize("staff_page", ["phone"], indirect=True)
async def test_a_link_works_once_and_signing_out_everywhere_ends_every_browser(
    staff_page: Page, browser: Browser, stack: StackFile, http: httpx2.AsyncClient
) -> None:
    email = await hired(stack)
    await staff_page.goto(f"{stack.gateway}/console")
    await expect(staff_page.get_by_label("Your email address")).to_be_visible()
    await has_no_barrier(staff_page)
    await sign_in(staff_page, stack, http, email)
    other = await (await browser.new_context()).new_page()
    await other.goto(await mailed_link(stack, http, email))
    await other.get_by_role("button", name="Sign in on this device").click()
    await expect(other.get_by_role("alert")).to_contain_text("not valid any more")
    await has_no_barrier(other)
    await other.context.add_cookies(await staff_page.context.cookies())  # type: ignore[arg-type]
    await other.goto(f"{stack.gateway}/console")
    await expect(other.get_by_role("heading", name="Inbox")).to_be_visible()
    await other.get_by_role("button", name="Sam Sample").click()
    await has_no_barrier(other)
    await other.get_by_role("button", name="Sign out everywhere").click()
    await expect(other.get_by_label("Your email address")).to_be_visible()
    await staff_page.reload()
    await expect(staff_page.get_by_label("Your email address")).to_be_visible()
    await other.context.close()
