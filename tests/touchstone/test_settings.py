from pathlib import Path

from touchstone.settings import load_settings


def test_the_defaults_lie_in_the_home_folder(monkeypatch):
    for name in ("RPC_URL", "HOME", "DEPLOYMENT"):
        monkeypatch.delenv(f"TOUCHSTONE_{name}", raising=False)
    settings = load_settings()

    assert settings.rpc_url == "http://127.0.0.1:8545"
    assert settings.deployment_path == Path.home() / ".touchstone" / "deployment.json"


def test_the_environment_overrides_them(monkeypatch, tmp_path):
    monkeypatch.setenv("TOUCHSTONE_RPC_URL", "https://rpc.example")
    monkeypatch.setenv("TOUCHSTONE_HOME", str(tmp_path))
    settings = load_settings()

    assert settings.rpc_url == "https://rpc.example"
    assert settings.deployment_path == tmp_path / "deployment.json"
    assert settings.keys == tmp_path / "keys"
