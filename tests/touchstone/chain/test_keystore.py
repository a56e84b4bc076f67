import stat

import pytest

from touchstone.chain.keystore import PASSWORD_VARIABLE, address_of, create_key, load_key
from touchstone.errors import KeystoreError

FAST = 2


@pytest.fixture(autouse=True)
def password(monkeypatch):
    monkeypatch.setenv(PASSWORD_VARIABLE, "correct horse")


def test_a_key_comes_back_as_it_was(tmp_path):
    path = tmp_path / "keys" / "provider.json"
    created = create_key(path, scrypt_n=FAST)

    assert load_key(path).key == created.key
    assert address_of(path) == created.address


def test_only_the_owner_can_read_a_key_file_and_it_holds_no_plain_key(tmp_path):
    path = tmp_path / "keys" / "provider.json"
    created = create_key(path, scrypt_n=FAST)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert created.key.hex() not in path.read_text()


def test_a_key_file_is_never_overwritten(tmp_path):
    path = tmp_path / "key.json"
    create_key(path, scrypt_n=FAST)
    before = path.read_text()

    with pytest.raises(KeystoreError, match="never overwritten"):
        create_key(path, scrypt_n=FAST)
    assert path.read_text() == before


def test_a_wrong_password_is_named_but_not_shown(tmp_path, monkeypatch):
    path = tmp_path / "key.json"
    create_key(path, scrypt_n=FAST)
    monkeypatch.setenv(PASSWORD_VARIABLE, "battery staple")

    with pytest.raises(KeystoreError, match="wrong password") as caught:
        load_key(path)
    assert "battery" not in str(caught.value)


def test_a_key_file_that_others_can_read_is_refused(tmp_path):
    path = tmp_path / "key.json"
    create_key(path, scrypt_n=FAST)
    path.chmod(0o644)

    with pytest.raises(KeystoreError, match="chmod 600"):
        load_key(path)


def test_without_terminal_or_variable_the_variable_is_named(tmp_path, monkeypatch):
    monkeypatch.delenv(PASSWORD_VARIABLE)

    with pytest.raises(KeystoreError, match=PASSWORD_VARIABLE):
        create_key(tmp_path / "key.json", scrypt_n=FAST)
    assert not (tmp_path / "key.json").exists()


def test_an_empty_password_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv(PASSWORD_VARIABLE, "")

    with pytest.raises(KeystoreError, match="empty"):
        create_key(tmp_path / "key.json", scrypt_n=FAST)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"version": 3}', '{"version": 9, "crypto": {}}'])
def test_a_damaged_key_file_is_refused(tmp_path, text):
    path = tmp_path / "key.json"
    path.touch(0o600)
    path.write_text(text)

    with pytest.raises(KeystoreError, match="not a usable key file"):
        load_key(path)


def test_a_missing_key_file_is_reported(tmp_path):
    with pytest.raises(KeystoreError, match="cannot read the key file"):
        load_key(tmp_path / "none.json")
