"""leadctl consent: what an address may be sent, and the proof behind all that was."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from ops.person_data import Services
from ops.screen import console, show_json, show_table
from ops.settings import Settings

app = typer.Typer(help="Who may be written to, and the proof.", no_args_is_help=True)

Row = Mapping[str, Any]


@app.callback()
def _consent() -> None:
    """Who may be written to, and the proof."""


@app.command("show")
def show(
    contact: Annotated[str, typer.Argument(metavar="PHONE|EMAIL", help="As a customer would write it.")],
    tenant: Annotated[str, typer.Option(help="The tenant's slug.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """All that was said of the consent of an address, and each message to it: by which of these it went, or why not.

    It is personal data. Exit code 1: nothing is known of the address.
    """
    with Services(Settings()) as services:
        address = services.person(tenant, contact, "find").address
        found = services.consents(tenant, address)
    words, messages = found["words"], found["messages"]
    if as_json:
        show_json({"address": address, **found})
    elif words or messages:
        _show(address, words, messages)
    else:
        console.print(f"Nothing was said of {address}, and nothing was written to it.")
    if not words and not messages:
        raise typer.Exit(1)


def _show(address: str, words: list[Row], messages: list[Row]) -> None:
    numbers = {word["id"]: str(at) for at, word in enumerate(words, 1)}
    show_table(
        f"What was said of {address}",
        ("", "said", "channel", "may we", "source", "words", "where", "from"),
        [(numbers[word["id"]], *_said(word)) for word in words],
    )
    show_table(
        "Messages",
        ("when", "channel", "message", "became", "because"),
        [_message(message, numbers) for message in messages],
    )


def _said(word: Row) -> tuple[str, ...]:
    may_we = {"granted": "yes", "opted_out": "no"}.get(word["permission"], "not known")
    if word["of_lead_only"]:
        may_we += f", to lead {word['lead_id']}"
    where = " ".join(part for part in (word["url"], word["version"]) if part)
    return (
        word["said_at"],
        word["channel"],
        may_we,
        word["source"],
        word["text"] or "",
        where,
        word["ip"] or "",
    )


def _message(message: Row, numbers: Mapping[str, str]) -> tuple[str, ...]:
    touch = "" if message["touch"] is None else f" {message['touch']}"
    when = message["sent_at"] or message["claimed_at"] or message["created_at"]
    return (
        when,
        message["channel"],
        f"{message['template']}{touch}",
        message["state"],
        _because(message, numbers),
    )


def _because(message: Row, numbers: Mapping[str, str]) -> str:
    """The consent that it went by, by its number above; else its own ground, or why it was held back."""
    if message["consent_id"]:
        went = f"word {numbers.get(message['consent_id'], message['consent_id'])}"
        return f"{went}; {message['reason']}" if message["reason"] else went
    return message["ground"] or message["reason"] or ""
