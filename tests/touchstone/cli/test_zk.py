import pytest
from typer.testing import CliRunner

from tests.touchstone.zk.conftest import MODEL
from touchstone.cli.app import app
from touchstone.errors import CircuitError, SrsError, UsageError


def prepare(*options):
    given = ["zk", "prepare", str(MODEL / "model.onnx"), "--samples", str(MODEL / "samples.npy")]
    return CliRunner().invoke(app, [*given, *map(str, options)], catch_exceptions=False)


def test_a_reference_string_needs_its_digest(tmp_path):
    with pytest.raises(UsageError, match="belong together"):
        prepare("--out", tmp_path / "out", "--srs", tmp_path / "kzg.srs")


def test_a_reference_string_that_is_missing_is_named(tmp_path):
    with pytest.raises(SrsError, match=r"kzg\.srs cannot be read"):
        prepare("--out", tmp_path / "o", "--srs", tmp_path / "kzg.srs", "--srs-sha256", "00" * 32)


def test_an_existing_folder_is_left_alone(tmp_path):
    with pytest.raises(CircuitError, match="exists already"):
        prepare("--out", tmp_path)
