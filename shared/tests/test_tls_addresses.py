"""What an address says about TLS holds, or the program does not start and says why in one line without the password."""

from pathlib import Path

import pytest
from pydantic import ValidationError
from shared.settings import ServiceSettings, migration_settings, why_refused
from testkit.certificates import Authority

DATABASE = "postgresql://chat:sample-pass-word@db.example/leads"
BROKER = "chat:sample-pass-word@mq.example/leads"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "authority")


def settings(database: str = DATABASE, broker: str = f"amqp://{BROKER}") -> ServiceSettings:
    return ServiceSettings(database_url=database, rabbitmq_url=broker, port=1)


def refusal(**given: str) -> str:
    with pytest.raises(ValidationError) as refused:
        settings(**given)
    said = why_refused(ServiceSettings, refused.value)
    assert "\n" not in said
    assert "sample-pass-word" not in said + str(refused.value)
    return said


def test_every_way_that_both_drivers_know_is_taken(authority: Authority) -> None:
    certificate, key = authority.certify("127.0.0.1")
    for query in (
        *(f"sslmode={mode}" for mode in ("disable", "allow", "prefer", "require")),
        *(f"sslmode={mode}&sslrootcert={authority.file}" for mode in ("require", "verify-ca", "verify-full")),
        f"sslmode=require&sslcert={certificate}&sslkey={key}&application_name=chat",
    ):
        assert settings(database=f"{DATABASE}?{query}")
    for query in ("", f"cafile={authority.file}", f"certfile={certificate}&keyfile={key}", "no_verify_ssl=1"):
        assert settings(broker=f"amqps://{BROKER}?heartbeat=10&{query}")


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("sslmode=verify-ful", "sslmode=verify-ful is unknown: take one of disable, allow, prefer, require"),
        ("sslmode=", "sslmode= is unknown"),
        ("ssl=true", "ssl is no option of libpq: write sslmode=verify-full&sslrootcert=/path/ca.pem"),
        ("sslmode=verify-full", "sslmode=verify-full needs sslrootcert=/path/ca.pem"),
        (
            "sslrootcert=/ca.pem",
            "sslrootcert is not looked at with sslmode=prefer: write sslmode=verify-full",
        ),
        (
            "sslmode=verify-full&sslrootcert=/no/ca.pem",
            "sslrootcert=/no/ca.pem: No such file or directory; name a file that this program can read",
        ),
        ("sslmode=require&sslcert=/no/my.crt", "sslcert=/no/my.crt with its key: No such file or directory"),
    ],
)
def test_a_slip_in_a_database_s_address_stops_the_start(query: str, says: str) -> None:
    assert refusal(database=f"{DATABASE}?{query}").startswith(f"DATABASE_URL: {says}")


@pytest.mark.parametrize(
    ("address", "says"),
    [
        (
            f"amqp://{BROKER}?cafile=/ca.pem",
            "cafile does nothing without TLS: begin the address with amqps://",
        ),
        (f"amqps://{BROKER}?cacertfile=/ca.pem", "cacertfile would do nothing: write amqps://…?cafile="),
        (f"amqps://{BROKER}?sslmode=verify-full", "sslmode would do nothing"),
        (f"amqps://{BROKER}?no_verify_ssl=false", "no_verify_ssl takes 0"),
        (f"amqps://{BROKER}?cafile=/no/ca.pem", "cafile=/no/ca.pem: No such file or directory"),
    ],
)
def test_a_slip_in_a_broker_s_address_stops_the_start(address: str, says: str) -> None:
    assert refusal(broker=address).startswith(f"RABBITMQ_URL: {says}")


def test_a_file_that_holds_no_certificate_stops_the_start(tmp_path: Path, authority: Authority) -> None:
    (tmp_path / "empty.pem").touch()
    for one in (
        refusal(database=f"{DATABASE}?sslmode=verify-full&sslrootcert={tmp_path}/empty.pem"),
        refusal(broker=f"amqps://{BROKER}?certfile={authority.file}&keyfile={tmp_path}/empty.pem"),
    ):
        assert "is not in PEM, or does not fit" in one


def test_migrations_do_not_start_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAT_MIGRATION_DATABASE_URL", f"{DATABASE}?sslmode=full")
    with pytest.raises(ValidationError) as refused:
        migration_settings("CHAT_")()
    said = why_refused(migration_settings("CHAT_"), refused.value)
    assert said.startswith("CHAT_MIGRATION_DATABASE_URL: sslmode=full is unknown")
    assert "sample-pass-word" not in said + str(refused.value)
