"""The real command in a process of its own, as a user runs it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from touchstone.chain.artifacts import artifact_names, load_artifact
from touchstone.chain.rpc import connect

COMMAND = str(Path(sys.executable).with_name("touchstone"))


@pytest.fixture
def environment(tmp_path):
    return {
        **os.environ,
        "TOUCHSTONE_HOME": str(tmp_path),
        "TOUCHSTONE_RPC_URL": "http://127.0.0.1:1",
    }


def run(environment, *arguments):
    return subprocess.run(
        [COMMAND, *arguments], env=environment, capture_output=True, text=True, check=False
    )


def test_the_help_lists_own_commands_and_those_of_the_roles(environment):
    shown = run(environment, "--help").stdout

    for name in ("doctor", "devnet", "provider", "job", "receipt", "verifier", "model"):
        assert name in shown


def test_an_expected_failure_is_one_line_and_status_1(environment):
    done = run(environment, "devnet", "up", "--mixed")

    assert done.returncode == 1
    assert done.stderr == "error: mixed mining needs a block time\n"
    assert done.stdout == ""


def test_with_json_a_failure_is_json_too(environment):
    done = run(environment, "devnet", "up", "--mixed", "--json")

    assert done.returncode == 1
    assert json.loads(done.stdout) == {
        "error": {"type": "DevnetError", "message": "mixed mining needs a block time"}
    }


def test_doctor_names_a_fix_for_whatever_is_not_ok(environment):
    done = run(environment, "doctor", "--json")
    report = json.loads(done.stdout)

    by_name = {check["name"]: check for check in report["checks"]}
    assert by_name["python"]["status"] == by_name["anvil"]["status"] == "ok"
    assert by_name["rpc"]["status"] == by_name["deployment"]["status"] == "warn"
    assert "touchstone devnet up" in by_name["rpc"]["fix"]
    assert all(check["fix"] for check in report["checks"] if check["status"] != "ok")
    assert done.returncode == (0 if report["healthy"] else 1)


def test_devnet_up_deploys_and_ends_with_ctrl_c(environment, tmp_path):
    with subprocess.Popen(
        [COMMAND, "devnet", "up", "--port", "0", "--json"],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            report = json.loads(_first_object(process))
            w3 = connect(report["rpc_url"], report["chain_id"])
            checks = json.loads(
                run(
                    {**environment, "TOUCHSTONE_RPC_URL": report["rpc_url"]}, "doctor", "--json"
                ).stdout
            )["checks"]
            sizes = {name: len(w3.eth.get_code(at)) for name, at in report["contracts"].items()}
        finally:
            process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0

    assert report["deployment"] == str(tmp_path / "deployment.json")
    assert all(sizes.values())
    built = sizes.keys() & set(artifact_names())
    assert {name: sizes[name] for name in built} == {
        name: load_artifact(name).deployed_size for name in built
    }
    assert {c["name"]: c["status"] for c in checks}["deployment"] == "ok"


def _first_object(process):
    """Standard output up to the line that closes the first JSON object."""
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line == "}\n":
            break
    return "".join(lines)


def test_wrong_usage_is_one_line_and_status_2(environment):
    done = run(environment, "key", "new", "--wrong")

    assert done.returncode == 2
    assert done.stderr.startswith("error: No such option: --wrong")
    assert done.stderr.endswith(": see `touchstone key new --help`\n")
    assert len(done.stderr.splitlines()) == 1
    assert json.loads(run(environment, "key", "new", "--json").stdout)["error"]["type"] == (
        "UsageError"
    )


@pytest.mark.parametrize(
    ("account", "advice"),
    [("nobody", "touchstone key list"), ("0x12", "40 hex digits"), ("../x", "use letters")],
)
def test_only_addresses_and_own_keys_are_funded(environment, account, advice):
    done = run(environment, "devnet", "fund", account)

    assert done.returncode == 1
    assert advice in done.stderr
    assert len(done.stderr.splitlines()) == 1
