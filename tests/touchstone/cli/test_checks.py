import pytest

from touchstone.chain.artifacts import load_artifact
from touchstone.chain.deployment import Deployment
from touchstone.chain.devnet import Devnet
from touchstone.chain.sender import Sender
from touchstone.cli import checks


def test_a_key_that_others_can_read_fails_with_the_command_that_mends_it(tmp_path):
    (tmp_path / "mine.json").touch(0o600)
    (tmp_path / "open.json").touch(0o600)
    (tmp_path / "open.json").chmod(0o640)

    mine, open_to_others = checks.check_keys(tmp_path)

    assert mine.status == "ok"
    assert open_to_others.status == "fail"
    assert open_to_others.fix == f"chmod 600 {tmp_path / 'open.json'}"


@pytest.mark.parametrize(("free_gib", "status"), [(100, "ok"), (3, "warn"), (0.5, "fail")])
def test_little_disk_space_is_noticed(monkeypatch, tmp_path, free_gib, status):
    usage = (0, 0, int(free_gib * checks.GIB))
    monkeypatch.setattr(checks.shutil, "disk_usage", lambda _: type("U", (), {"free": usage[2]}))

    assert checks.check_disk(tmp_path / "not" / "made" / "yet").status == status


def test_a_deployment_is_compared_with_the_code_on_the_chain(tmp_path):
    path = tmp_path / "deployment.json"
    with Devnet() as devnet:
        sender = Sender(devnet.w3, devnet.account(0), poll_s=0.01)
        token = sender.deploy(load_artifact("DevToken"))

        Deployment(devnet.chain_id, 0, {"DevToken": token}).save(path)
        assert checks.check_deployment(devnet.url, path).status == "ok"

        Deployment(devnet.chain_id, 0, {"DevToken": sender.address}).save(path)
        other_code = checks.check_deployment(devnet.url, path)
        assert (other_code.status, "DevToken" in other_code.detail) == ("fail", True)

        Deployment(1, 0, {"DevToken": token}).save(path)
        assert "not chain 1" in checks.check_deployment(devnet.url, path).detail


def test_a_missing_deployment_is_a_warning(tmp_path):
    assert checks.check_deployment("http://127.0.0.1:1", tmp_path / "none.json").status == "warn"
