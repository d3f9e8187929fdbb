"""A service starts with secrets that nobody guesses and nobody knows, or says in one line which one is not so."""

import pytest
from pydantic import SecretStr, ValidationError
from pydantic_settings import SettingsConfigDict
from shared.secrets import DEMO, Keys, OptionalKeys, is_local, keys_of, token_hash
from shared.settings import ServiceSettings, why_refused

STRONG = "2f9c41d07be8a6537c1e"


class Settings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="SHOP_", extra="ignore", frozen=True)

    port: int = 1
    link_keys: Keys
    mail_secret: OptionalKeys = SecretStr("")


def settings(**given: object) -> Settings:
    return Settings.model_validate(
        {
            "database_url": f"postgresql://x:{STRONG}@x/x",
            "rabbitmq_url": "amqp://x",
            "link_keys": STRONG,
            **given,
        }
    )


def refusal(**given: object) -> str:
    with pytest.raises(ValidationError) as refused:
        settings(**given)
    return why_refused(Settings, refused.value)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"link_keys": ""}, "SHOP_LINK_KEYS: is empty"),
        ({"link_keys": "a"}, "SHOP_LINK_KEYS: a secret needs at least 16 characters"),
        ({"link_keys": f"{STRONG},short"}, "SHOP_LINK_KEYS: a secret needs at least 16 characters"),
        ({"link_keys": "a" * 40}, "SHOP_LINK_KEYS: a secret of so few different characters"),
        ({"mail_secret": "a"}, "SHOP_MAIL_SECRET: a secret needs at least 16 characters"),
        ({"operators": {"ana": "plain-token-of-ana"}}, "SHOP_OPERATORS.ANA"),
        ({"operators": {"": token_hash(STRONG)}}, "SHOP_OPERATORS"),
    ],
)
def test_a_weak_secret_is_refused_by_the_name_of_its_setting(given: dict[str, object], says: str) -> None:
    assert says in refusal(**given)


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"link_keys": DEMO}, "SHOP_LINK_KEYS"),
        ({"link_keys": f"{STRONG},{DEMO}"}, "SHOP_LINK_KEYS"),
        ({"mail_secret": "please-Change-Me-now"}, "SHOP_MAIL_SECRET"),
        ({"operators": {"ops": token_hash(DEMO)}}, "SHOP_OPERATORS"),
        ({"database_url": f"postgresql://x:{DEMO}@db/leads"}, "SHOP_DATABASE_URL"),
        ({"rabbitmq_url": f"amqp://x:{DEMO}@mq/leads"}, "SHOP_RABBITMQ_URL"),
    ],
)
def test_a_value_of_our_samples_serves_this_machine_only(given: dict[str, object], name: str) -> None:
    assert settings(**given, public_url="http://leads.localhost:8080")
    assert refusal(**given, public_url="https://leads.example.com").startswith(f"{name}: a sample's value")


@pytest.mark.parametrize(
    "url", ["postgresql://x@db/leads", "postgresql:///leads", "postgresql://x:@db/leads"]
)
def test_a_database_without_a_password_needs_a_key_for_what_is_counted(url: str) -> None:
    assert refusal(database_url=url).startswith("SHOP_LIMITS_KEY: the database's address has no password")
    assert "SHOP_LIMITS_KEY: a secret needs at least 16" in refusal(database_url=url, limits_key="short")
    assert settings(database_url=url, limits_key=STRONG)


def test_a_password_in_the_query_is_one_as_libpq_reads_it() -> None:
    assert settings(database_url=f"postgresql://x@db/leads?password={STRONG}")
    said = refusal(
        database_url=f"postgresql://x@db/leads?password={DEMO}", public_url="https://leads.example.com"
    )
    assert said.startswith("SHOP_DATABASE_URL: a sample's value")


def test_a_refusal_is_one_line_and_shows_no_secret() -> None:
    said = refusal(link_keys="hunter2", mail_secret="hunter3", operators={"ana": "hunter4"})
    assert "\n" not in said
    assert "hunter" not in said
    assert "deploy/new-env" in said


def test_without_a_mail_secret_there_is_no_key_at_all() -> None:
    assert keys_of(settings().mail_secret) == keys_of(settings(mail_secret=",").mail_secret) == []


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://127.0.0.1:8080", True),
        ("http://127.8.9.1", True),
        ("http://[::1]:80", True),
        ("http://localhost", True),
        ("http://leads.localhost:8080", True),
        ("https://leads.example.com", False),
        ("http://10.0.0.7", False),
        ("http://localhost.example.com", False),
        ("http://127.0.0.1.example.com", False),
        ("", False),
    ],
)
def test_which_address_only_this_machine_reaches(url: str, local: bool) -> None:
    assert is_local(url) is local
