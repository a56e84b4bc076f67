"""Which circuits are admitted: those that have one output for each input.

ezkl divides with slack: its circuit accepts every quotient less than one off, so that a prover can
choose between two (docs/zk.md shows it done). A circuit of sums, products and ReLU leaves no such
choice: digits of a base are unique, and so is a sign.
"""

from __future__ import annotations

import re
from typing import Any

from touchstone.errors import CircuitError
from touchstone.zk.field import MODULUS

_EXACT = re.compile(
    r"Input|CONST \(scale=\d+\)|EINSUM \S+|ADD|LEAKYRELU \(slope=0\)|SLICE \(.*\)|"
    r"RESHAPE \(.*\)|FLATTEN|IDENTITY"
)


def operators(table: str) -> list[str]:
    """The operators of a circuit, from ezkl's table of it."""
    rows = [line.split("│") for line in table.splitlines() if line.startswith("│")]
    return [row[2].strip() for row in rows if row[1].strip().isdigit()]


def admit(table: str, settings: dict[str, Any]) -> None:
    """Checks that a circuit has one output for each input.

    Args:
        table: ezkl's table of the circuit.
        settings: its settings.

    Raises:
        CircuitError: an operator is not known to be exact, or a setting weakens the circuit.
    """
    found = operators(table)
    if not found:
        raise CircuitError("ezkl named no operator of the circuit")
    for name in found:
        if not _EXACT.fullmatch(name):
            raise CircuitError(
                f"ezkl makes {name} of an operator, which is not known to have one result: a "
                "circuit with rounding slack is not admitted"
            )
    if settings["required_lookups"] or settings["num_dynamic_lookups"] or settings["num_shuffles"]:
        raise CircuitError("the circuit needs tables beyond range checks: it is not admitted")
    chosen = settings["run_args"]
    # Both signs of the largest number have to fit, or one element would have two writings.
    if 2 * chosen["decomp_base"] ** chosen["decomp_legs"] >= MODULUS:
        raise CircuitError(
            "the digits hold more than the field: an element would have two writings"
        )
