"""The market's parts share one ABI without clashes and one storage layout."""

import json
import re
import subprocess
from itertools import combinations
from pathlib import Path
from posixpath import dirname, normpath

import pytest
from eth_utils.abi import function_abi_to_4byte_selector

from tests.attacks.chains import chain
from touchstone.chain.artifacts import load_artifact

ROOT = Path(__file__).parents[2]
PARTS = ("Deadlines", "Contests", "Demands")
INTERFACES = ("IMarketCore", "IMarketDeadlines", "IMarketContests", "IMarketDemands")
UNKNOWN = bytes.fromhex("deadbeef")
_IMPORT = re.compile(r'^import [^"]*"([^"]+)"', re.MULTILINE)


def _functions(abi):
    return {function_abi_to_4byte_selector(f): f for f in abi if f["type"] == "function"}


def _name(function):
    return f"{function['name']}({','.join(i['type'] for i in function['inputs'])})"


@pytest.fixture(scope="module")
def abis():
    return {name: _functions(load_artifact(name).abi) for name in ("Market", *PARTS)}


@pytest.fixture(scope="module")
def compiled():
    """Interfaces and storage layouts, fresh from the compiler: no code is generated for these."""
    sources = {str(p.relative_to(ROOT)): p.read_text() for p in (ROOT / "contracts").rglob("*.sol")}
    pending = list(sources)
    while pending:
        name = pending.pop()
        for wanted in _IMPORT.findall(sources[name]):
            if wanted.startswith("."):
                wanted = normpath(f"{dirname(name)}/{wanted}")
            if wanted not in sources:
                sources[wanted] = (ROOT / "node_modules" / wanted).read_text()
                pending.append(wanted)
    return _compile({name: {"content": text} for name, text in sources.items()})


def _compile(sources):
    task = {
        "language": "Solidity",
        "sources": sources,
        "settings": {"outputSelection": {"*": {"*": ["abi", "storageLayout"]}}},
    }
    script = (
        "const solc=require('solc');let t='';process.stdin.on('data',d=>t+=d)"
        ".on('end',()=>process.stdout.write(solc.compile(t)));"
    )
    done = subprocess.run(
        ["node", "-e", script],
        input=json.dumps(task),
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    answer = json.loads(done.stdout)
    errors = [e["formattedMessage"] for e in answer.get("errors", []) if e["severity"] == "error"]
    assert not errors, errors[0]
    return {
        name: contract
        for contracts in answer["contracts"].values()
        for name, contract in contracts.items()
    }


def test_no_selector_means_two_functions(abis, compiled):
    """Neither among the market and its parts, nor among the four interfaces."""
    meanings = {}
    sources = [*abis.values(), *(_functions(compiled[i]["abi"]) for i in INTERFACES)]
    for functions in sources:
        for selector, function in functions.items():
            meanings.setdefault(selector, set()).add(_name(function))
    assert len(meanings) > 40
    assert {s: m for s, m in meanings.items() if len(m) > 1} == {}


def test_every_function_of_the_interface_stands_in_exactly_one_place(abis, compiled):
    for interface in INTERFACES:
        for selector, function in _functions(compiled[interface]["abi"]).items():
            homes = [name for name, functions in abis.items() if selector in functions]
            assert len(homes) == 1, (_name(function), homes)


def test_the_market_shadows_no_function_of_a_part_by_another_result(abis):
    """Getters that all share, as `token`, read the same immutables; nothing else is shared."""
    shared = set()
    for a, b in combinations(abis.values(), 2):
        shared |= {_name(a[s]) for s in a.keys() & b.keys()}
    assert shared == {
        "RESERVES()",
        "beacon()",
        "eip712Domain()",
        "resolver()",
        "setup()",
        "token()",
        "vault()",
    }


def test_the_parts_have_one_storage_layout(compiled):
    layouts = []
    for name in ("Market", *PARTS):
        layout = compiled[name]["storageLayout"]
        layouts.append(
            [(entry["label"], entry["slot"], entry["offset"]) for entry in layout["storage"]]
        )
        types = {e["label"]: layout["types"][e["type"]]["label"] for e in layout["storage"]}
        layouts[-1].append(tuple(sorted(types.items())))
    assert len(layouts[0]) > 8
    assert all(layout == layouts[0] for layout in layouts)


def test_every_function_is_reached_through_the_market(compiled):
    """Asked about a job that does not exist, each has an error of its own to give; a function that
    is not there has none."""
    with chain(providers=2) as made:
        w3, market = made.devnet.w3, made.market.contract

        def refusal(data):
            call = {"to": market.address, "data": data}
            return w3.provider.make_request("eth_call", [call, "latest"])["error"].get("data", "0x")

        assert refusal("0x" + (UNKNOWN + bytes(4096)).hex()) == "0x", "nobody has this function"
        order = made.order()
        for interface in INTERFACES[1:]:
            for function in _functions(compiled[interface]["abi"]).values():
                # A view of a part answers about any job.
                if function["stateMutability"] == "view":
                    continue
                data = market.encode_abi(function["name"], args=_arguments(function, order))
                assert len(refusal(data)) >= 10, _name(function)
        assert market.functions.challengeOf(bytes(32)).call() == [0, 0]


def _arguments(function, order):
    return [_empty(i, order) for i in function["inputs"]]


def _empty(kind, order):
    """Something valid of that type, the order itself where one is asked for."""
    name = kind["type"]
    if name.endswith("[]"):
        return []
    if name == "tuple" and len(kind["components"]) == 11:
        return order.values()
    if name == "tuple":
        return tuple(_empty(c, order) for c in kind["components"])
    if name == "bytes":
        return b""
    if name == "bytes32":
        return bytes(32)
    return 0


@pytest.mark.parametrize("part", PARTS)
def test_a_part_called_directly_has_no_jobs_and_moves_nothing(part, abis):
    """Its own storage is empty, and the vault does not know it."""
    with chain(providers=2) as made:
        job = made.drawn()
        w3 = made.devnet.w3
        market = w3.eth.contract(made.market.contract.address, abi=load_artifact("Market").abi)
        where = market.get_function_by_name(part.lower())().call()
        contract = w3.eth.contract(where, abi=load_artifact(part).abi)
        before = made.wealth()
        tried = 0
        for function in abis[part].values():
            if function["stateMutability"] in {"view", "pure"}:
                continue
            tried += 1
            data = contract.encode_abi(function["name"], args=_arguments(function, job.order))
            sender = job.providers[job.active[0]]
            answer = w3.provider.make_request(
                "eth_call", [{"from": sender, "to": where, "data": data}, "latest"]
            )
            assert "error" in answer, _name(function)
        assert tried >= 4
        assert made.wealth() == before
