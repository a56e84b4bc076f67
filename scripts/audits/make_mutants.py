"""Makes mutants of the vault and of the market's money paths with Slither's mutators.

Only the making is Slither's: its own campaign compiles the whole project for every mutant, which
takes minutes each. `mutation.mjs` compiles what changed and runs the tests. Writes
`.touchstone/audits/mutants.json`, in the order of the sources.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from slither import Slither
from slither.tools.mutator.mutators import all_mutators
from slither.tools.mutator.mutators.abstract_mutator import AbstractMutator

sys.path.insert(0, str(Path(__file__).parent))
from slither_triage import ROOT, copy_newest_build

TARGETS = [
    "contracts/stake/StakeVault.sol",
    "contracts/types/BondLedger.sol",
    "contracts/types/Demand.sol",
    "contracts/market/Contesting.sol",
    "contracts/market/Demanding.sol",
    "contracts/market/Earnings.sol",
    "contracts/market/Equivocating.sol",
    "contracts/market/Holding.sol",
    "contracts/market/MarketBase.sol",
    "contracts/market/Opening.sol",
    "contracts/market/Replacing.sol",
    "contracts/market/Settling.sol",
    "contracts/market/SlowPath.sol",
    "contracts/market/Starving.sol",
]
OUT = ROOT / ".touchstone" / "audits" / "mutants.json"


def main() -> None:
    mutators = [
        kind
        for name, kind in vars(all_mutators).items()
        if isinstance(kind, type)
        and issubclass(kind, AbstractMutator)
        and kind is not AbstractMutator
    ]
    with tempfile.TemporaryDirectory() as folder:
        slither = Slither(
            str(ROOT),
            ignore_compile=True,
            compile_force_framework="hardhat",
            hardhat_artifacts_directory=str(copy_newest_build(Path(folder))),
        )
    found: dict[tuple[str, int, int, str], dict[str, object]] = {}
    for unit in slither.compilation_units:
        for contract in unit.contracts:
            file = Path(contract.source_mapping.filename.absolute)
            name = str(file.relative_to(ROOT)) if file.is_relative_to(ROOT) else ""
            if name not in TARGETS:
                continue
            for kind in mutators:
                mutator = kind(unit, 0, "", "", contract, None, False, Path(folder), [])
                for patches in mutator._mutate().get("patches", {}).values():
                    for patch in patches:
                        key = (name, patch["start"], patch["end"], patch["new_string"])
                        mutant = {"file": name, "mutator": kind.NAME, "line": patch["line_number"]}
                        mutant |= {"start": patch["start"], "end": patch["end"]}
                        found.setdefault(key, mutant | {"new": patch["new_string"]})
    mutants = [found[key] for key in sorted(found)]
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(mutants, indent=1))
    print(f"{len(mutants)} mutants of {len(TARGETS)} files by {len(mutators)} mutators", flush=True)


if __name__ == "__main__":
    main()
