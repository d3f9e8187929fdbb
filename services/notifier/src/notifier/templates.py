"""The words of every message, loaded and compiled once at the start; a mistake in them stops the service there."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal

import mrml
import yaml
from jinja2 import Environment, StrictUndefined
from pydantic import BaseModel, ConfigDict

Context = Mapping[str, object]
Details = list[tuple[str, str]]


class Button(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    label: str
    url: str


class Message(BaseModel):
    """One entry of `messages.yaml`. A single string as `paragraphs` is split at its blank lines once it is rendered."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    subject: str | None
    preview: str | None
    heading: str | None
    greeting: str | None = "{{ greeting }}"
    paragraphs: tuple[str, ...] | str
    details: Literal["appointment", "alternatives", "handoff"] | None = None
    button: Button | None
    sms: str | None


@dataclass(frozen=True)
class Mail:
    subject: str
    text: str
    html: str


class Templates:
    """Renders from a context that has every name the message uses; a missing one raises `jinja2.UndefinedError`."""

    def __init__(self, messages: Mapping[str, Message], *, html_layout: str, text_layout: str) -> None:
        # What customers read as plain text must stay plain text: only the HTML layout escapes.
        plain = Environment(undefined=StrictUndefined, autoescape=False, trim_blocks=False)  # noqa: S701
        markup = Environment(undefined=StrictUndefined, autoescape=True)
        self.messages = messages
        self._html = markup.from_string(html_layout)
        self._text = plain.from_string(text_layout)
        self._phrases = {
            phrase: plain.from_string(phrase) for m in messages.values() for phrase in _phrases(m)
        }

    def sms(self, name: str, context: Context) -> str:
        return self._say(self.messages[name].sms or "", context).strip()

    def mail(self, name: str, context: Context, details: Details) -> Mail:
        message = self.messages[name]
        parts = {
            **context,
            "subject": " ".join(self._say(message.subject or "", context).split()),
            "preview": self._say(message.preview or "", context),
            "heading": self._say(message.heading or "", context),
            "greeting": self._say(message.greeting or "", context),
            "paragraphs": self._paragraphs(message, context),
            "details": details,
            "button": self._button(message, context),
        }
        return Mail(str(parts["subject"]), self._text.render(parts).strip() + "\n", self._html.render(parts))

    def _paragraphs(self, message: Message, context: Context) -> list[str]:
        if isinstance(message.paragraphs, str):
            whole = self._say(message.paragraphs, context)
            return [part.strip() for part in whole.split("\n\n") if part.strip()]
        return [self._say(paragraph, context) for paragraph in message.paragraphs]

    def _button(self, message: Message, context: Context) -> dict[str, str] | None:
        if message.button is None:
            return None
        return {"label": message.button.label, "url": self._say(message.button.url, context)}

    def _say(self, phrase: str, context: Context) -> str:
        return self._phrases[phrase].render(context) if phrase else ""


def _phrases(message: Message) -> list[str]:
    paragraphs = [message.paragraphs] if isinstance(message.paragraphs, str) else message.paragraphs
    url = message.button.url if message.button else None
    found = [
        message.subject,
        message.preview,
        message.heading,
        message.greeting,
        message.sms,
        url,
        *paragraphs,
    ]
    return [phrase for phrase in found if phrase]


def load_templates() -> Templates:
    """The HTML layout goes through MJML once, with its Jinja tags untouched: a mail then costs one Jinja rendering."""
    folder = files("notifier") / "data"
    raw = yaml.safe_load((folder / "messages.yaml").read_text("utf-8"))
    return Templates(
        {name: Message.model_validate(entry) for name, entry in raw.items()},
        html_layout=_compile((folder / "mail.mjml").read_text("utf-8")),
        text_layout=(folder / "mail.txt").read_text("utf-8"),
    )


def _compile(mjml: str) -> str:
    """Without web fonts: loading them would tell a third party who read which mail."""
    return mrml.to_html(mjml, render_options=mrml.RenderOptions(fonts={})).content
