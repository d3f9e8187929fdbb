"""leadctl: the operators' command."""

import asyncio
from typing import Annotated

import typer

from ops import (
    audit,
    broker,
    consent,
    database,
    dead,
    demo,
    events,
    imports,
    knowledge,
    messages,
    operators,
    person,
    retention,
    sealed,
    session_keys,
    staff,
    status,
    topology,
)
from ops.health import checks
from ops.leads import send_lead
from ops.screen import console, show_table
from ops.settings import Settings

app = typer.Typer(help="Operate the Lead Orchestrator.", no_args_is_help=True, pretty_exceptions_enable=False)
app.add_typer(events.app, name="events")
app.add_typer(dead.app, name="dead")
app.add_typer(person.app, name="person")
app.add_typer(consent.app, name="consent")
app.add_typer(retention.app, name="retention")
app.add_typer(status.inbound, name="inbound")
app.command("audit")(audit.show_audit)
app.command("status")(status.show_status)
app.add_typer(imports.app, name="import")
app.add_typer(imports.exports, name="export")
app.add_typer(knowledge.app, name="knowledge")
app.add_typer(messages.app, name="messages")
app.add_typer(database.app, name="database")
app.add_typer(broker.app, name="broker")
app.add_typer(topology.app, name="topology")
app.add_typer(operators.app, name="operator")
app.add_typer(staff.members, name="staff")
app.add_typer(staff.app, name="token")
app.command("session-key")(session_keys.show_public)
app.command("secrets")(sealed.show_secrets)


@app.command("health")
def health() -> None:
    """Which parts answer; exit code 1 when one does not."""
    found = asyncio.run(checks(Settings()))
    show_table("Health", ("part", "state", "detail"), [(n, "up" if ok else "DOWN", d) for n, ok, d in found])
    if not all(ok for _, ok, _ in found):
        raise typer.Exit(1)


@app.command("send-lead")
def send(
    location: Annotated[str, typer.Option(help="The shop's code.")] = "Store094",
    first_name: Annotated[str, typer.Option()] = "Avery",
    last_name: Annotated[str, typer.Option()] = "Sample",
    email: Annotated[str, typer.Option()] = "avery.sample@example.com",
    phone: Annotated[str, typer.Option(help="E.164.")] = "+16195550123",
    service: Annotated[str, typer.Option()] = "window tint",
) -> None:
    """A lead from the sandbox's ShopMonkey, with its signed webhook."""
    lead: dict[str, object] = {
        "location": location, "first_name": first_name, "last_name": last_name,
        "email": email, "phone": phone, "service": service,
    }  # fmt: skip
    answer = send_lead(Settings(), lead)
    console.print(f"order {answer['order_id']}; webhook deliveries: {answer['deliveries']}", highlight=False)


@app.command("demo")
def run_demo() -> None:
    """One lead through the whole flow, with each hop's milliseconds."""
    asyncio.run(demo.run(Settings()))
