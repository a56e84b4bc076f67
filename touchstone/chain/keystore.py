"""Keys at rest: encrypted Ethereum keystore files that only their owner may read.

The password comes from the variable TOUCHSTONE_PASSWORD or from a prompt, never from a flag, which
every user of the machine could see in the list of processes.
"""

from __future__ import annotations

import json
import os
import stat
import sys
from getpass import getpass
from typing import TYPE_CHECKING, cast

from eth_account import Account
from eth_utils.address import to_checksum_address

from touchstone.errors import KeystoreError

if TYPE_CHECKING:
    from pathlib import Path

    from eth_account.signers.local import LocalAccount
    from eth_typing import ChecksumAddress

PASSWORD_VARIABLE = "TOUCHSTONE_PASSWORD"
SCRYPT_N = 1 << 18


def create_key(path: Path, *, scrypt_n: int = SCRYPT_N) -> LocalAccount:
    """Makes a new random key and writes it, encrypted, to the new file `path`.

    Args:
        path: must not exist yet; its folder is made if needed.
        scrypt_n: work factor of the password hash. Lower it in tests only.

    Raises:
        KeystoreError: the file exists or cannot be written, or there is no password.
    """
    if path.exists():
        raise KeystoreError(f"{path} exists already: a key file is never overwritten")
    password = _password(f"New password for {path}: ", confirm=True)
    account = Account.create()
    text = json.dumps(Account.encrypt(account.key, password, kdf="scrypt", iterations=scrypt_n))
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise KeystoreError(f"cannot write {path}: {error.strerror}") from error
    return cast("LocalAccount", account)


def load_key(path: Path) -> LocalAccount:
    """Opens the key file `path`.

    Raises:
        KeystoreError: missing, readable by others, damaged, or the password is wrong.
    """
    try:
        if others_can_read(path):
            raise KeystoreError(f"others can read {path}: run `chmod 600 {path}`")
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise KeystoreError(f"cannot read the key file {path}: {error.strerror}") from error
    password = _password(f"Password for {path}: ", confirm=False)
    try:
        fields = json.loads(text)
        if not isinstance(fields, dict):
            raise TypeError("no JSON object")
        key = Account.decrypt(fields, password)
    except (ValueError, KeyError, TypeError, NotImplementedError) as error:
        if "MAC mismatch" in str(error):
            raise KeystoreError(f"wrong password for {path}") from None
        raise KeystoreError(f"{path} is not a usable key file") from None
    return cast("LocalAccount", Account.from_key(key))


def address_of(path: Path) -> ChecksumAddress:
    """The address that the key file `path` says it is for; no password is needed.

    Raises:
        KeystoreError: missing or damaged.
    """
    try:
        return to_checksum_address(json.loads(path.read_text(encoding="utf-8"))["address"])
    except OSError as error:
        raise KeystoreError(f"cannot read the key file {path}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise KeystoreError(f"{path} is not a usable key file") from error


def others_can_read(path: Path) -> bool:
    """Whether anyone but the owner has any access to the file."""
    return bool(stat.S_IMODE(path.stat().st_mode) & 0o077)


def _password(prompt: str, *, confirm: bool) -> str:
    given = os.environ.get(PASSWORD_VARIABLE)
    if given is None:
        if not sys.stdin.isatty():
            raise KeystoreError(
                f"no password: set {PASSWORD_VARIABLE}, or run in a terminal to be asked"
            )
        given = getpass(prompt)
        if confirm and getpass("Once more: ") != given:
            raise KeystoreError("the two passwords differ")
    if confirm and not given:
        raise KeystoreError("an empty password protects nothing")
    return given
