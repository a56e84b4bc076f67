"""Event arguments as plain JSON values, by the types that the ABI names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def plain_arguments(inputs: Sequence[Mapping[str, Any]], args: Mapping[str, Any]) -> dict[str, Any]:
    """An event's decoded arguments, see `Event.args`.

    Args:
        inputs: the event's inputs in the ABI.
        args: what web3 decoded.
    """
    return {item["name"]: _plain(item["type"], item, args[item["name"]]) for item in inputs}


def _plain(kind: str, item: Mapping[str, Any], value: Any) -> Any:
    if kind.endswith("]"):
        inner = kind.rpartition("[")[0]
        return [_plain(inner, item, each) for each in value]
    if kind == "tuple":
        # web3 gives a struct as a mapping or as a tuple, by its settings.
        values = list(value.values()) if hasattr(value, "values") else list(value)
        return {
            field["name"]: _plain(field["type"], field, each)
            for field, each in zip(item["components"], values, strict=True)
        }
    if kind.startswith(("uint", "int")):
        return str(value)
    if kind.startswith("bytes"):
        return "0x" + bytes(value).hex()
    if kind == "address":
        return str(value).lower()
    return value
