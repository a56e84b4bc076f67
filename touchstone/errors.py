"""Every exception of Touchstone, as one tree."""

from __future__ import annotations


class TouchstoneError(Exception):
    """Whatever Touchstone raises on purpose."""


class ProgramError(TouchstoneError):
    """A program, a manifest or a constant breaks a rule of the format."""


class RootMismatchError(ProgramError):
    """Bytes do not have the root they should have."""


class InputError(TouchstoneError):
    """A sequence given to an engine does not fit the program's input."""


class CompileError(TouchstoneError):
    """A source model has a setting or a tensor that no exact program is made for."""


class KernelError(TouchstoneError):
    """No kernel passes the self-test, or a kernel is unknown."""


class UsageError(TouchstoneError):
    """A command is written wrongly: an unknown option, a missing argument."""


class AmountError(TouchstoneError):
    """A text is not an amount of tokens."""


class SettingsError(TouchstoneError):
    """A setting is missing or has a value that cannot be used."""


class KeystoreError(TouchstoneError):
    """A key file cannot be created, read or opened."""


class ZkError(TouchstoneError):
    """Something about circuits, keys and proofs went wrong."""


class CircuitError(ZkError):
    """A network or a prepared folder breaks a rule of circuits."""


class SrsError(ZkError):
    """A structured reference string is not the one that was asked for."""


class InputRangeError(ZkError):
    """An input does not fit a circuit: its length, its salt, or a value outside its range."""


class ProofError(ZkError):
    """Something is not a proof of the circuit's form."""


class ProverError(ZkError):
    """ezkl crashed, or ran out of its memory or its time."""


class ChainError(TouchstoneError):
    """Something between this process and the chain went wrong."""


class RpcUnreachableError(ChainError):
    """No answer came from the chain's RPC endpoint."""


class WrongChainError(ChainError):
    """The RPC endpoint serves another chain than the one asked for."""


class LaggingRpcError(ChainError):
    """The RPC endpoint is behind what it has shown before: nothing it says now may be acted on."""


class DevnetError(ChainError):
    """The local development chain cannot be started or has stopped."""


class ArtifactError(ChainError):
    """There is no built contract of that name."""


class GasLimitError(ChainError):
    """A transaction needs more gas than one transaction may have."""


class InsufficientFundsError(ChainError):
    """An account does not hold the tokens that a call would take from it."""


class BroadcastError(ChainError):
    """It is unknown whether a transaction was accepted: it may still be mined. Carries its hash."""

    def __init__(self, message: str, transaction_hash: str) -> None:
        super().__init__(message)
        self.transaction_hash = transaction_hash


class AbandonedError(ChainError):
    """A transaction will never be mined: its nonce was spent otherwise. What it was to do is not
    done."""


class TransactionReverted(ChainError):  # noqa: N818 (it is what happened, as in web3's TransactionNotFound)
    """A contract refused a call.

    Attributes:
        error: name of the custom error, `Error`, `Panic`, or `unknown` where nothing decodes it.
        arguments: the error's arguments by name (`0`, `1`, ... where they have no names).
        transaction_hash: of the mined transaction, or None if nothing was sent.
    """

    def __init__(
        self, error: str, arguments: dict[str, object], transaction_hash: str | None = None
    ) -> None:
        shown = ", ".join(f"{name}={_shown(value)}" for name, value in arguments.items())
        super().__init__(f"the contract refused: {error}({shown})")
        self.error = error
        self.arguments = arguments
        self.transaction_hash = transaction_hash


def _shown(value: object) -> str:
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)


class PublishError(ChainError):
    """A model cannot be published under its name and version."""


class CommandUnavailableError(TouchstoneError):
    """A role's commands are not installed or cannot be imported."""


class DeploymentError(ChainError):
    """The deployment file is missing or wrong, or does not fit the chain."""


class ProtocolError(TouchstoneError):
    """A message or an order breaks a rule of the protocol."""


class SignatureError(ProtocolError):
    """A signature is malformed or not by the one it should be by."""


class PayloadError(ProtocolError):
    """Bytes are not a payload, or too many."""


class UnpaidInputError(ProtocolError):
    """An input is not what its order names and pays for.

    Attributes:
        rule: which rule, as docs/protocol.md names it.
    """

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.rule = rule


class PeerError(TouchstoneError):
    """A node does not answer, or not in the protocol's words."""


class PrivateAddressError(PeerError):
    """A stranger's endpoint leads to an address that is not public."""


class PeerRefusedError(PeerError):
    """A node refuses, and says by which rule."""

    def __init__(self, endpoint: str, rule: str, message: str) -> None:
        super().__init__(f"{endpoint} refuses ({rule}): {message}")
        self.rule = rule


class FetchError(TouchstoneError):
    """A model folder cannot be fetched, or not yet: what has come is kept."""


class MirrorError(FetchError):
    """A mirror's answer cannot be used.

    Attributes:
        lasting: whether the same question would have the same answer.
    """

    def __init__(self, message: str, *, lasting: bool) -> None:
        super().__init__(message)
        self.lasting = lasting


class RequestError(TouchstoneError):
    """What a requester asks for cannot be ordered or done."""


class NoOfferError(RequestError):
    """No price within the limit has enough providers."""


class UnknownJobError(RequestError):
    """There is no such job, here or on the chain."""


class JobTimeoutError(RequestError):
    """A job has not ended in the time that the caller gave it. It goes on: wait again."""


class ResultUnavailableError(RequestError):
    """No paid provider hands out the bytes that were settled."""


class DraftError(RequestError):
    """The providers that were drawn write no text together."""


class InputRefusedError(RequestError):
    """The providers were paid for an input that breaks a rule: it has no result."""


class ReceiptError(TouchstoneError):
    """A file is not a receipt, or the chain does not hold what a receipt needs."""


class ServiceError(TouchstoneError):
    """A process that a service consists of does not start or has died."""


class NodeError(TouchstoneError):
    """A provider node cannot do what it was asked to, by its owner or by its own state."""


class NodeConfigError(NodeError):
    """A provider's configuration file is missing or breaks a rule."""


class StoreError(NodeError):
    """A node's data folder is in use, damaged or belongs to another chain or provider."""


class WrongModelError(NodeError):
    """The model in a folder is not the one that the chain knows by that name."""


class RefusedError(NodeError):
    """A node refuses a request.

    Attributes:
        rule: which rule, as docs/protocol.md names it.
    """

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.rule = rule


class UnknownDisputeError(TouchstoneError):
    """Nobody has disputed that job."""


class DisputeError(TouchstoneError):
    """What a party shows in a dispute is not what it has signed."""


class LocalnetError(TouchstoneError):
    """A process of a local market did not start or has ended."""


class ExplorerError(TouchstoneError):
    """The explorer's database cannot be used, or belongs to another deployment."""
