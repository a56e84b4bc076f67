"""What the lock files promise: exact versions, hashes, and nothing of the machine they are from."""

import json
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "requirements-torch.lock", "requirements-model.lock")


def pins(name: str) -> dict[str, str]:
    found = re.findall(r"^([\w.-]+)==(\S+)", (ROOT / name).read_text(), re.MULTILINE)
    return {canonicalize_name(package): version for package, version in found}


@pytest.mark.parametrize("name", [*LOCKS, "package-lock.json", ".npmrc"])
def test_no_lock_file_names_a_place_to_download_from(name):
    text = (ROOT / name).read_text()

    assert not re.search(r"resolved\"|index-url|find-links|file:/|/simple|registry\.|pypi\.", text)


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-model.lock"])
def test_each_pin_has_a_hash(name):
    text = (ROOT / name).read_text()

    assert re.findall(r"^[\w.-]+==\S+(?! \\\n +--hash=sha256:)$", text, re.MULTILINE) == []


def test_each_dependency_is_pinned_within_its_range():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    pinned = pins("requirements.lock") | pins("requirements-torch.lock")

    for text in project["dependencies"] + project["optional-dependencies"]["dev"]:
        requirement = Requirement(text)
        version = pinned.get(canonicalize_name(requirement.name))
        assert version is not None, f"{text} is not locked: run scripts/lock"
        assert requirement.specifier.contains(version), f"{version} is outside {text}"


def test_npm_packages_are_pinned_exactly():
    package = json.loads((ROOT / "package.json").read_text())
    locked = json.loads((ROOT / "package-lock.json").read_text())["packages"]

    for name, version in package["devDependencies"].items():
        assert locked[f"node_modules/{name}"]["version"] == version
