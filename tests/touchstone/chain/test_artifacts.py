import subprocess
import sys
from pathlib import Path

import pytest

from touchstone.chain.artifacts import artifact_names, load_artifact
from touchstone.errors import ArtifactError

ROOT = Path(__file__).parents[3]


def test_each_artifact_can_be_deployed_and_fits_the_size_limit():
    assert artifact_names()
    for name in artifact_names():
        artifact = load_artifact(name)
        assert artifact.name == name
        assert len(artifact.bytecode) >= artifact.deployed_size
        assert artifact.deployed_size <= 20 * 1024, name


def test_an_unknown_contract_is_refused_with_the_known_ones():
    with pytest.raises(ArtifactError, match="DevToken"):
        load_artifact("../errors")


def test_the_committed_artifacts_are_fresh():
    """Builds the sources anew: mend a failure with scripts/build-contracts."""
    command = [sys.executable, str(ROOT / "scripts" / "build_contracts.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
