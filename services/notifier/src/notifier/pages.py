"""The page behind the unsubscribe link: one file without scripts, in the browser's language."""

import tomllib
from base64 import b64encode
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from html import escape
from importlib.resources import files
from typing import Literal

from fastapi.responses import HTMLResponse

from notifier.domain.wording import phone_as_read
from notifier.tables import Location

Screen = Literal["ask", "done", "undone", "invalid"]

_STYLE = """
:root{color-scheme:light dark;--ink:#14212a;--soft:#54636d;--ground:#eef1f2;--surface:#fff;--accent:#0b5d6b;--text:#0b5d6b}
@media(prefers-color-scheme:dark){:root{--ink:#e8eef0;--soft:#9fb0b8;--ground:#0e1417;--surface:#171f24;--accent:#14707f;--text:#7fd0dd}}
body{margin:0;padding:24px 16px;background:var(--ground);color:var(--ink);font:1rem/1.5 system-ui,sans-serif}
main{max-width:30rem;margin:6vh auto 0;padding:28px 24px;border-radius:18px;background:var(--surface)}
.shop{margin:0;color:var(--soft);font-weight:600}
h1{margin:8px 0;font-size:1.6rem;line-height:1.25}
button{min-height:48px;padding:0 24px;border:2px solid var(--accent);border-radius:12px;background:var(--accent);color:#fff;
font:inherit;font-weight:600;cursor:pointer}
button.plain{background:none;color:var(--text)}
a{color:var(--text)}
:focus-visible{outline:3px solid var(--text);outline-offset:2px}
"""
_POLICY = (
    "default-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    f"style-src 'sha256-{b64encode(sha256(_STYLE.encode()).digest()).decode()}'"
)
_PAGE = """<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex"><style>{style}</style></head>
<body><main>{shop}<h1>{title}</h1><p>{text}</p>{form}{call}</main></body></html>"""
_FORMS: Mapping[Screen, str] = {
    "ask": '<form method="post"><button name="List-Unsubscribe" value="One-Click">{ask_button}</button></form>',
    "done": '<form method="post"><button class="plain" name="undo" value="yes">{undo_button}</button></form>',
}


@cache
def words() -> dict[str, dict[str, str]]:
    return tomllib.loads((files("notifier") / "data" / "unsubscribe.toml").read_text("utf-8"))


def unsubscribe_page(
    screen: Screen, location: Location | None, accept_language: str, status: int = 200
) -> HTMLResponse:
    """`location`: whose messages they are; `None` where the link tells nobody."""
    language = "es" if accept_language.strip().lower().startswith("es") else "en"
    said = {name: escape(text) for name, text in words()[language].items()}
    shop = escape(location.name) if location else ""
    return HTMLResponse(
        _PAGE.format(
            language=language,
            style=_STYLE,
            title=said[f"{screen}_title"],
            text=said[f"{screen}_text"].format(shop=shop),
            shop=f'<p class="shop">{shop}</p>' if shop else "",
            form=_FORMS.get(screen, "").format_map(said),
            call=_call(said["call"], location.phone) if location else "",
        ),
        status,
        {"Content-Security-Policy": _POLICY, "Cache-Control": "no-store", "Vary": "Accept-Language"},
    )


def _call(words: str, phone: str) -> str:
    link = f'<a href="tel:{escape(phone)}">{escape(phone_as_read(phone))}</a>'
    return f"<p>{words.format(phone=link)}</p>"
