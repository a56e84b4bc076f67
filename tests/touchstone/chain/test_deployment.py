import pytest

from touchstone.chain.deployment import Deployment
from touchstone.errors import DeploymentError

TOKEN = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"


def test_a_deployment_comes_back_as_it_was(tmp_path):
    path = tmp_path / "new" / "deployment.json"
    deployment = Deployment(31337, 12, {"DevToken": TOKEN})
    deployment.save(path)

    assert Deployment.load(path) == deployment
    assert [file.name for file in path.parent.iterdir()] == ["deployment.json"]


def test_a_missing_file_names_the_fix(tmp_path):
    with pytest.raises(DeploymentError, match="touchstone devnet up"):
        Deployment.load(tmp_path / "none.json")


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"chain_id": 1, "block": 1, "contracts": {"DevToken": "0x12"}}'],
)
def test_a_damaged_file_is_refused(tmp_path, text):
    path = tmp_path / "deployment.json"
    path.write_text(text)

    with pytest.raises(DeploymentError, match="not a deployment file"):
        Deployment.load(path)


def test_an_unknown_contract_is_refused():
    with pytest.raises(DeploymentError, match="Market"):
        Deployment(31337, 12, {"DevToken": TOKEN}).address("Market")
