"""The customer's page with answers of our own in place of the services: every view in both languages, on a phone and at a desk."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from mimetypes import guess_type
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, Page, Request, Route, expect

ROOT = Path(__file__).parents[2]
DIST = ROOT / "web" / "apps" / "chat" / "dist"
AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
ORIGIN = "https://chat.test"
PATIENCE_MS = 60_000
SIZES = {"phone": (390, 844), "desk": (1280, 900)}

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

FIRST_DAY = (datetime.now(UTC) + timedelta(days=3)).replace(hour=17, minute=0, second=0, microsecond=0)
CAR = {"year": 2021, "make": "Honda", "model": "Civic", "vehicle_class": "sedan"}
LOCATION = {
    "name": "Sample Tint San Diego",
    "timezone": "America/Los_Angeles",
    "address": "100 Sample Street, San Diego, CA 92101",
    "phone": "+16195550194",
}
WORDS = {
    "en": {
        "more": "Morning",
        "afternoon": "Afternoon",
        "compare": "Compare your options",
        "message": "Your message",
    },
    "es": {
        "more": "Mañana",
        "afternoon": "Tarde",
        "compare": "Compare sus opciones",
        "message": "Su mensaje",
    },
}


def slot(hours: int) -> dict[str, str]:
    start = FIRST_DAY + timedelta(hours=hours)
    return {
        "start": start.isoformat(),
        "end": (start + timedelta(hours=2)).isoformat(),
        "label": "as booking says it",
    }


OWN = slot(1)
ALL = [slot(0), OWN, slot(4), slot(24), slot(28)]
APPOINTMENT: dict[str, Any] = {
    "id": "a1",
    "number": "A-1042",
    "status": "booked",
    "start": OWN["start"],
    "end": OWN["end"],
    "timezone": LOCATION["timezone"],
    "service": {"name": "Ceramic tint"},
    "vehicle": CAR,
    "total_cents": 39900,
    "price": {"kind": "exact", "amount_cents": 39900},
    "location": LOCATION,
}
TIERS = {
    "kind": "tiers",
    "vehicle": CAR,
    "tiers": [
        {
            "action": f"service:{code}",
            "name": code,
            "price": {"kind": "exact", "amount_cents": cents},
            "duration_minutes": 150,
        }
        for code, cents in (("dyed", 19900), ("ceramic", 39900))
    ],
}
QUOTE = {
    "kind": "quote",
    "quote": {
        "id": "q1",
        "service": {"name": "Ceramic tint"},
        "vehicle": CAR,
        "lines": [{"label": "Ceramic tint", "amount_cents": 39900}],
        "total_cents": 39900,
        "kind": "exact",
        "valid_until": slot(240)["start"],
    },
}
OFFER = {
    "kind": "slots",
    "timezone": LOCATION["timezone"],
    "quote_id": "q1",
    "slots": [{**one, "action": f"slot:{one['start']}"} for one in ALL[:3]],
}


class Server:
    """Plays the gateway for one page; `asked` are the calls that change something."""

    def __init__(self, language: str = "en") -> None:
        self.language = language
        self.state = "offer"
        self.booked = False
        self.asked: list[tuple[str, dict[str, Any]]] = []

    async def answer(self, route: Route, request: Request) -> None:
        path = urlsplit(request.url).path
        if not path.startswith("/api/"):
            await self._file(route, path)
            return
        if request.method == "POST":
            self.asked.append((path, request.post_data_json or {}))
        status, body = self._answer(path, request)
        await route.fulfill(status=status, body=json.dumps(body), content_type="application/json")

    async def _file(self, route: Route, path: str) -> None:
        file = DIST / path.lstrip("/")
        file = file if path.startswith("/assets/") else DIST / "index.html"
        await route.fulfill(body=file.read_bytes(), content_type=guess_type(file.name)[0])

    def _answer(self, path: str, request: Request) -> tuple[int, dict[str, Any]]:
        answers: dict[str, tuple[int, dict[str, Any]]] = {
            "/api/chat/session/me": (200, self._session()),
            "/api/booking/slots": (200, {"timezone": LOCATION["timezone"], "slots": ALL}),
            "/api/booking/manage": (200, {"appointment": APPOINTMENT}),
            "/api/booking/appointments/a1/move": (200, {**APPOINTMENT, **ALL[3]}),
            "/api/links/renew": (202, {"status": "accepted"}),
            "/api/chat/message": (202, {"message": self._message(9, "customer", "sent")}),
        }
        if "gone" in request.headers.get("authorization", "") and path != "/api/links/renew":
            return 401, {"code": "invalid_link"}
        return answers.get(path, (503, {"code": "unavailable"}))

    def _session(self) -> dict[str, Any]:
        said = [
            self._message(1, "assistant", "Hello."),
            self._message(2, "assistant", "Prices.", [TIERS]),
            self._message(3, "assistant", "A price.", [QUOTE]),
            self._message(4, "assistant", "Times.", [OFFER]),
        ]
        return {
            "lead": {"id": "l1", "first_name": "Ana", "vehicle": CAR},
            "location": LOCATION,
            "conversation": {
                "id": "c1", "state": self.state, "owner": "assistant", "assistant": "offline", "language": self.language,
            },
            "messages": said,
            "actions": [{"id": "person", "label": "Talk to a person"}],
            **({"appointment": APPOINTMENT} if self.booked else {}),
        }  # fmt: skip

    def _message(
        self, seq: int, author: str, text: str, parts: list[dict[str, Any]] | None = None
    ) -> dict[str, Any]:
        said_at = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
        return {
            "seq": seq,
            "id": f"m{seq}",
            "author": author,
            "text": text,
            "created_at": said_at,
            "parts": parts,
        }


@pytest.fixture(autouse=True)
def _patience() -> None:
    expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(params=["phone", "desk"])
def size(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def open_page(browser: Browser, request: pytest.FixtureRequest) -> AsyncIterator[Any]:
    contexts = []

    async def opened(server: Server, path: str, size: str = "phone", locale: str = "en-US") -> Page:
        width, height = SIZES.get(size, (320, 256))
        context = await browser.new_context(viewport={"width": width, "height": height}, locale=locale)
        contexts.append(context)
        page = await context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        await page.route("**/*", server.answer)
        await page.goto(f"{ORIGIN}{path}")
        return page

    yield opened
    results = ROOT / "test-results"
    results.mkdir(exist_ok=True)
    for context in contexts:
        await context.pages[0].screenshot(path=results / f"{request.node.name}.png")
        await context.close()


async def faults(page: Page) -> list[str]:
    await page.evaluate(AXE.read_text("utf-8"))
    return await page.evaluate(
        "axe.run().then(({violations}) => violations.map(({id, nodes}) => `${id}: ${nodes.map(n => n.target)}`))"
    )


@pytest.mark.parametrize("language", ["en", "es"])
async def test_the_chat_shows_tiers_and_all_open_times_in_the_customers_language(
    open_page: Any, size: str, language: str
) -> None:
    words = WORDS[language]
    page = await open_page(Server(language), "/c/sample", size)
    await expect(page.get_by_label(words["message"])).to_be_visible()
    await expect(page.locator("html")).to_have_attribute("lang", language)
    tiers = page.get_by_role("region", name=words["compare"])
    await expect(tiers.get_by_role("listitem").first).to_contain_text("$199.00")
    await expect(page.get_by_role("group", name=words["more"]).get_by_role("button")).to_have_count(2)
    await expect(page.get_by_role("group", name=words["afternoon"]).get_by_role("button")).to_have_count(1)
    assert await faults(page) == []


async def test_another_day_is_picked_with_the_keyboard_and_the_focus_stays_on_the_page(
    open_page: Any,
) -> None:
    server = Server()
    page = await open_page(server, "/c/sample")
    days = page.get_by_role("group", name="Days").get_by_role("button")
    await expect(days).to_have_count(2)
    await days.nth(1).focus()
    await page.keyboard.press("Enter")
    times = page.get_by_role("group", name="Morning").get_by_role("button")
    await times.first.focus()
    await page.keyboard.press("Enter")
    await expect(page.locator(".row-customer")).to_have_count(1)
    assert [body["action"] for _, body in server.asked] == [f"slot:{ALL[3]['start']}"]
    assert await page.evaluate("document.activeElement.className") == "log"


async def test_who_moves_is_not_offered_the_time_that_is_theirs(open_page: Any) -> None:
    server = Server()
    server.state, server.booked = "move_offer", True
    page = await open_page(server, "/c/sample")
    await expect(page.get_by_role("group", name="Morning").get_by_role("button")).to_have_count(1)


async def test_a_draft_outlives_a_reload(open_page: Any) -> None:
    page = await open_page(Server(), "/c/sample")
    await page.get_by_label("Your message").fill("Could you also")
    await page.reload()
    await expect(page.get_by_label("Your message")).to_have_value("Could you also")


async def test_at_400_percent_the_conversation_is_read_and_written(open_page: Any) -> None:
    page = await open_page(Server(), "/c/sample", "zoomed")
    await expect(page.get_by_label("Your message")).to_be_attached()
    heard = await page.locator(".log-frame").bounding_box()
    assert heard is not None
    assert heard["height"] >= 200
    await page.get_by_label("Your message").scroll_into_view_if_needed()
    await page.get_by_label("Your message").fill("hello")
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize(("locale", "again", "yes"), [("en-US", "Reschedule", "Yes, reschedule"), ("es-MX", "Cambiar la hora", "Sí, cambiarla")])  # fmt: skip
async def test_the_manage_page_moves_after_asking(
    open_page: Any, size: str, locale: str, again: str, yes: str
) -> None:
    server = Server()
    page = await open_page(server, "/m/sample", size, locale)
    await expect(page.get_by_text("2021 Honda Civic")).to_be_visible()
    google = await page.get_by_role("link", name="Google").get_attribute("href")
    assert str(google).startswith("https://calendar.google.com/")
    await page.get_by_role("button", name=again, exact=True).click()
    times = page.locator(".slot")
    await expect(times).to_have_count(2)
    assert await faults(page) == []
    await page.locator(".day-chip").nth(1).click()
    await times.first.click()
    assert server.asked == []
    await page.get_by_role("button", name=yes).click()
    await expect(page.locator(".manage-message")).to_be_visible()
    assert server.asked == [("/api/booking/appointments/a1/move", {"start": ALL[3]["start"]})]
    assert await faults(page) == []


async def test_a_link_that_has_expired_leads_on(open_page: Any, size: str) -> None:
    server = Server()
    page = await open_page(server, "/c/gone", size)
    assert await faults(page) == []
    await page.get_by_role("button", name="Send me a new link").click()
    await expect(page.get_by_role("status")).to_contain_text("If this was a link of ours")
    assert [path for path, _ in server.asked] == ["/api/links/renew"]


async def test_who_has_been_here_before_sees_whom_to_call(open_page: Any) -> None:
    page = await open_page(Server(), "/c/sample")
    await expect(page.get_by_label("Your message")).to_be_visible()
    await page.evaluate("localStorage.setItem('shop:gone', localStorage.getItem('shop:sample'))")
    await page.goto(f"{ORIGIN}/c/gone")
    await expect(page.get_by_role("link", name="(619) 555-0194")).to_be_visible()


async def test_without_a_link_the_page_says_where_it_comes_from(open_page: Any, size: str) -> None:
    page = await open_page(Server(), "/", size)
    await expect(page.get_by_role("heading")).to_contain_text("Ask your shop")
    assert await faults(page) == []
