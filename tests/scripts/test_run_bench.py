import importlib.util
import json
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "run_bench.py"


@pytest.fixture
def run_bench(tmp_path, monkeypatch):
    spec = importlib.util.spec_from_file_location("run_bench", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (tmp_path / "toy.py").write_text(
        "def run():\n    print('working')\n    return {'speed': 2.5}\n"
    )
    monkeypatch.setattr(module, "BENCHES", tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    return module


def test_with_json_only_the_report_is_on_standard_output(run_bench, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["bench", "toy", "--json"])
    run_bench.main()
    output = capsys.readouterr()

    report = json.loads(output.out)
    assert (report["bench"], report["figures"]) == ("toy", {"speed": 2.5})
    assert report["machine"].keys() >= {"cpu", "cores", "memory_gb", "python"}
    assert output.err == "working\n"


def test_without_json_a_table_is_shown(run_bench, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["bench", "toy"])
    run_bench.main()

    assert "speed" in capsys.readouterr().out


def test_an_unknown_bench_is_refused_with_the_known_ones(run_bench, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["bench", "none"])

    with pytest.raises(SystemExit):
        run_bench.main()
    assert "toy" in capsys.readouterr().err
