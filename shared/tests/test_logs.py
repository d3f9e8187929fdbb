"""No log line holds a secret or personal data, whoever writes it and however it fails."""

import json
import subprocess
import sys
import textwrap

import pytest
from pydantic import ValidationError
from shared.settings import ServiceSettings

SECRET, PERSON = "sample-password-7", "ana.private@example.com"

CASES = {
    "an exception with locals": """
        def fails(password, person):
            raise RuntimeError(f"no log-in with {password} for {person}")
        try:
            fails(SECRET, PERSON)
        except RuntimeError:
            structlog.get_logger().exception("caught.here", lead_id="1")
    """,
    "an error handed on": """
        try:
            try:
                raise KeyError(SECRET)
            except KeyError as error:
                raise ValueError(PERSON) from error
        except ValueError as error:
            structlog.get_logger().error("handed.on", exc_info=error)
    """,
    "a library that fills in an address": """
        logging.getLogger("aio_pika").warning("cannot connect to %s", f"amqp://chat:{SECRET}@broker/")
        logging.getLogger("httpx2").error(f"POST https://vendor.example/?key={SECRET} with {PERSON}")
        logging.getLogger("uvicorn.error").error(ValueError(SECRET))
    """,
    "a library with a traceback": """
        try:
            raise OSError(SECRET)
        except OSError:
            logging.getLogger("sqlalchemy").exception("lost %s", PERSON)
    """,
    "a task that nobody asked": """
        async def forgotten(password):
            raise RuntimeError(password)
        async def main():
            task = asyncio.create_task(forgotten(SECRET), name=PERSON)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            del task
            gc.collect()
        asyncio.run(main())
    """,
    "a warning": "warnings.warn(f'old log-in {SECRET} of {PERSON}')",
    "a thread that fails": """
        def fails(): raise RuntimeError(SECRET)
        thread = threading.Thread(target=fails); thread.start(); thread.join()
    """,
    "the end of the process": "raise RuntimeError(SECRET + PERSON)",
}


@pytest.mark.parametrize("case", CASES)
def test_a_failure_is_told_by_type_and_place_alone(case):
    program = f"""
import asyncio, gc, logging, threading, warnings
import structlog
from shared.telemetry.logs import configure_logs
configure_logs("sample", "INFO")
SECRET, PERSON = {SECRET!r}, {PERSON!r}
{textwrap.dedent(CASES[case])}
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)  # noqa: S603
    said = ran.stdout + ran.stderr
    lines = [json.loads(line) for line in said.splitlines()]
    assert lines, "it is told"
    assert all(line["level"] in {"warning", "error", "critical"} and line["event"] for line in lines)
    assert SECRET not in said
    assert PERSON not in said


def test_a_line_says_where_it_happened_and_what_led_to_it():
    program = """
import structlog
from shared.telemetry.logs import configure_logs
configure_logs("sample", "INFO")
def inner(): raise KeyError("x")
def outer():
    try: inner()
    except KeyError as error: raise ValueError("y") from error
try: outer()
except ValueError: structlog.get_logger().exception("caught.here")
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603
    error = json.loads(ran.stdout)["error"]
    assert error == "ValueError at outer:8 < <module>:9 from KeyError at inner:5 < outer:7"


def test_settings_show_no_password_however_they_are_printed():
    address = f"postgresql://chat:{SECRET}@127.0.0.1/sample"
    given = {"database_url": address, "rabbitmq_url": f"amqp://chat:{SECRET}@127.0.0.1/"}
    settings = ServiceSettings.model_validate(given | {"port": 1})
    assert settings.database_url == address
    assert SECRET not in repr(settings) + str(settings) + f"{settings!r}"
    with pytest.raises(ValidationError) as refused:
        ServiceSettings.model_validate(given | {"port": "none"})
    assert SECRET not in str(refused.value)
