import pytest

from touchstone.chain.outbox.refusals import Refusal, meaning_of


@pytest.mark.parametrize(
    ("words", "meaning"),
    [
        # geth, erigon
        ("already known", Refusal.KNOWN),
        ("known transaction: 0x12", Refusal.KNOWN),
        ("INTERNAL_ERROR: existing tx with same hash", Refusal.KNOWN),
        ("nonce too low", Refusal.SPENT),
        ("err: nonce too low: address 0x1, tx: 1 state: 2 (supplied gas 9)", Refusal.SPENT),
        ("nonce too high", Refusal.LATER),
        ("future transaction tries to replace pending", Refusal.LATER),
        ("txpool is full", Refusal.LATER),
        ("replacement transaction underpriced", Refusal.OCCUPIED),
        ("INTERNAL_ERROR: could not replace existing tx", Refusal.OCCUPIED),
        ("transaction underpriced", Refusal.UNDERPRICED),
        ("max fee per gas less than block base fee: address 0x1", Refusal.UNDERPRICED),
        ("fee cap less than block base fee", Refusal.UNDERPRICED),
        ("insufficient funds for gas * price + value", Refusal.POOR),
        ("exceeds block gas limit", Refusal.INVALID),
        ("intrinsic gas too low", Refusal.INVALID),
        ("gas uint64 overflow", Refusal.INVALID),
        # nethermind
        ("AlreadyKnown", Refusal.KNOWN),
        ("OldNonce, Current nonce: 5, nonce of rejected tx: 4", Refusal.SPENT),
        ("NonceGap, Future nonce. Expected nonce: 62", Refusal.LATER),
        ("FeeTooLowToCompete", Refusal.OCCUPIED),
        ("ReplacementNotAllowed", Refusal.OCCUPIED),
        ("FeeTooLow, MaxFeePerGas too low. MaxFeePerGas: 1, BaseFee: 2", Refusal.UNDERPRICED),
        ("InsufficientFunds, Account balance: 1, cumulative cost: 2", Refusal.POOR),
        ("GasLimitExceeded, Gas limit: 1, gas limit of rejected tx: 2", Refusal.INVALID),
        # besu, reth, anvil
        ("Known transaction", Refusal.KNOWN),
        ("Upfront cost exceeds account balance", Refusal.POOR),
        ("Gas price below configured minimum gas price", Refusal.UNDERPRICED),
        ("insufficient gas price to replace existing transaction", Refusal.OCCUPIED),
        ("transaction already imported", Refusal.KNOWN),
        ("Insufficient funds for gas * price + value", Refusal.POOR),
        # nobody
        ("unknown transaction type", Refusal.INVALID),
        ("", Refusal.INVALID),
    ],
)
def test_every_client_is_understood(words, meaning):
    assert meaning_of(words) is meaning
