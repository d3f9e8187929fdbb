"""What an instance keeps: one id, one secret, private files, ports it can really have."""

import json
import socket

import pytest
from ops.stack.ports import DEFAULTS, chosen_ports
from ops.stack.state import instance_id, secret, write_private


def test_an_instance_keeps_its_id_and_its_secrets(tmp_path):
    assert (instance_id(tmp_path), secret(tmp_path, "a")) == (instance_id(tmp_path), secret(tmp_path, "a"))


def test_two_instances_share_neither_id_nor_secrets(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    assert instance_id(one) != instance_id(other)
    assert secret(one, "a") != secret(other, "a")


def test_two_labels_give_two_secrets(tmp_path):
    assert secret(tmp_path, "ops_token") != secret(tmp_path, "link_keys")


@pytest.mark.parametrize("name", ["secret", "written"])
def test_only_the_owner_can_read_a_private_file(tmp_path, name):
    secret(tmp_path, "a")
    (tmp_path / "written").write_text("open to all")
    write_private(tmp_path / "written", "closed")
    assert (tmp_path / name).stat().st_mode & 0o777 == 0o600


def test_a_busy_port_is_replaced_and_the_choice_remembered(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        busy = taken.getsockname()[1]
        write_private(tmp_path / "ports.json", json.dumps({"chat": busy}))
        with chosen_ports(tmp_path) as chosen:
            pass
    assert chosen["chat"] != busy
    assert set(chosen) == set(DEFAULTS)
    assert len(set(chosen.values())) == len(DEFAULTS)
    assert json.loads((tmp_path / "ports.json").read_text()) == chosen


def test_two_stacks_that_start_at_once_choose_different_ports(tmp_path):
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
    with chosen_ports(tmp_path / "one") as one, chosen_ports(tmp_path / "other") as other:
        assert not set(one.values()) & set(other.values())
    with chosen_ports(tmp_path / "one") as again:
        assert again == one
