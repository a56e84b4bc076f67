"""Downloads from mirrors of all manners, over real sockets."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.touchstone.mirrors import servers
from tests.touchstone.mirrors.models import PIECES, save_wide
from tests.touchstone.mirrors.servers import honest_mirror, mannered_mirror, of_weights
from touchstone.errors import FetchError
from touchstone.mirrors import fetching, part
from touchstone.mirrors.fetching import News, Source, Wanted, fetch_model
from touchstone.mirrors.mirror import Patience
from touchstone.programs import load_model
from touchstone.programs.weights import PIECE

QUICK = Patience(piece_s=5, small_s=5, pause_s=0.01, troubles=3)
HASTY = Patience(piece_s=0.3, small_s=0.3, pause_s=0.01, troubles=2)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Wanted]:
    """A folder, and its roots."""
    folder = tmp_path_factory.mktemp("model")
    return folder, save_wide(folder)


@pytest.fixture(scope="module")
def good(model) -> Iterator[str]:
    """The address of a mirror that has it."""
    with honest_mirror(model[0]) as url:
        yield url


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Wanted]:
    folder = tmp_path_factory.mktemp("other")
    return folder, save_wide(folder, seed=2, name="other")


def fetch(wanted: Wanted, to: Path, *urls: str, patience: Patience = QUICK, **more) -> News:
    return fetch_model(wanted, [Source(url, private=True) for url in urls], to, patience, **more)


def test_a_model_comes_from_two_mirrors_and_is_whole(model, good, tmp_path) -> None:
    folder, wanted = model
    told: list[News] = []
    with mannered_mirror(folder, of_weights(servers.honest)) as plain:
        news = fetch(wanted, tmp_path / "new", good, plain.url, tell=told.append)
    assert (news.pieces, news.found, news.fetched) == (PIECES, 0, PIECES)
    assert [mirror.faults for mirror in news.mirrors] == [0, 0]
    assert sum(mirror.pieces for mirror in news.mirrors) == PIECES
    assert [n.fetched for n in told if n.doing == "fetching"] == list(range(PIECES + 1))
    assert same_files(folder, tmp_path / "new")
    load_model(tmp_path / "new")


def test_what_is_whole_is_not_fetched_again(model, good, tmp_path) -> None:
    _, wanted = model
    fetch(wanted, tmp_path, good)
    news = fetch(wanted, tmp_path, "http://127.0.0.1:1")
    assert (news.found, news.fetched) == (PIECES, 0)


def test_a_damaged_folder_is_mended_with_what_it_lacks(model, good, tmp_path) -> None:
    folder, wanted = model
    fetch(wanted, tmp_path, good)
    with (tmp_path / "weights.bin").open("r+b") as file:
        file.seek(2 * PIECE + 5)
        file.write(b"damage")
    (tmp_path / "tokenizer.json").write_text("{}")
    (tmp_path / "program.json").unlink()
    (tmp_path / "manifest.json").write_text("{")
    news = fetch(wanted, tmp_path, good)
    assert (news.found, news.fetched) == (PIECES - 1, 1)
    assert same_files(folder, tmp_path)


@pytest.mark.parametrize("extra", [b"", b"more"])
def test_weights_that_are_too_short_or_too_long_are_mended(model, good, tmp_path, extra) -> None:
    folder, wanted = model
    data = (folder / "weights.bin").read_bytes()
    (tmp_path / "weights.bin").write_bytes(data + extra if extra else data[: PIECE + 7])
    news = fetch(wanted, tmp_path, good)
    assert news.found == (PIECES if extra else 1)
    assert same_files(folder, tmp_path)


@pytest.mark.parametrize(
    ("manner", "why"),
    [
        (servers.one_wrong_bit, "does not have its node"),
        (servers.cut_short, "does not answer"),
        (servers.announced_shorter, "bytes instead of"),
        (servers.announced_endless, "announces"),
        (servers.endless, "sends more than"),
        (servers.whole_file, "status 200 instead of 206"),
        (servers.another_range, "'bytes 0-0/"),
        (servers.no_range, "'None' instead of"),
        (servers.packed, "packed"),
        (servers.sent_elsewhere, "another place"),
        (servers.missing, "status 404"),
        (servers.failing, "status 500"),
        (servers.hanging_up, "does not answer"),
        (servers.dripping, "did not answer in 0.3 s"),
        (servers.silent, "did not answer in 0.3 s"),
    ],
)
def test_what_a_mirror_spoils_comes_from_another_one(model, tmp_path, manner, why) -> None:
    folder, wanted = model
    patience = HASTY if why.startswith("did not") else QUICK
    with (
        mannered_mirror(folder, of_weights(manner)) as bad,
        mannered_mirror(folder, of_weights(servers.honest)) as good,
    ):
        news = fetch(wanted, tmp_path, bad.url, good.url, patience=patience)
    spoiled, honest = news.mirrors
    assert (spoiled.pieces, honest.pieces) == (0, PIECES)
    assert why in spoiled.last_fault
    assert spoiled.faults > 0 == honest.faults
    assert same_files(folder, tmp_path)
    assert all(name in {file.name for file in folder.iterdir()} for name, _ in bad.asked)


def test_a_piece_that_one_mirror_spoils_is_never_asked_of_it_again(model, good, tmp_path) -> None:
    folder, wanted = model

    def third_wrong(answer, name, piece) -> None:
        if piece == 3:
            servers.one_wrong_bit(answer)

    with mannered_mirror(folder, third_wrong) as bad:
        with pytest.raises(FetchError, match=r"left for 1 pieces .* \(numbers 3\).* run again"):
            fetch(wanted, tmp_path, bad.url)
        assert [piece for _, piece in bad.asked].count(3) == 1
    assert not (tmp_path / "weights.bin").exists()
    assert not (tmp_path / "manifest.json").exists()
    news = fetch(wanted, tmp_path, good)
    assert (news.found, news.fetched) == (PIECES - 1, 1)


def test_a_mirror_that_recovers_is_asked_again(model, tmp_path) -> None:
    folder, wanted = model
    troubles = iter(range(5))

    def shaky(answer) -> None:
        if next(troubles, None) is not None:
            servers.failing(answer)

    with mannered_mirror(folder, of_weights(shaky)) as mirror:
        patience = Patience(piece_s=5, small_s=5, pause_s=0.01, troubles=9)
        news = fetch(wanted, tmp_path, mirror.url, patience=patience)
    assert news.fetched == PIECES
    assert not news.mirrors[0].left


def test_a_mirror_that_is_not_there_is_left(model, good, tmp_path) -> None:
    folder, wanted = model
    with mannered_mirror(folder, of_weights(servers.honest)) as mirror:
        dead = mirror.url
    assert fetch(wanted, tmp_path / "a", dead, good).fetched == PIECES
    with pytest.raises(FetchError, match=r"no mirror has program\.json .*ConnectError"):
        fetch(wanted, tmp_path / "b", dead)


def test_strangers_cannot_lead_us_into_our_own_network(model, tmp_path) -> None:
    folder, wanted = model
    with mannered_mirror(folder, of_weights(servers.honest)) as mirror:
        with pytest.raises(FetchError, match="not a public address"):
            fetch_model(wanted, [Source(mirror.url, private=False)], tmp_path, QUICK)
        assert mirror.asked == []
    with pytest.raises(FetchError, match="not an http or https address"):
        fetch(wanted, tmp_path, "file:///etc")


@pytest.mark.parametrize(
    ("file", "old", "new", "why"),
    [
        ("program.json", None, None, "another program.json"),
        ("program.json", b"{", b"[", "not a touchstone-program"),
        ("manifest.json", None, None, "not the program that"),
        ("manifest.json", b'"weight_nodes":["', b'"weight_nodes":["%064d","' % 0, "weight nodes"),
        ("manifest.json", b'"weight_nodes":["', b'"weight_nodes":["f', "not a touchstone-model"),
        ("manifest.json", b'"name":"wide"', b'"name":"tall"', "tall@1 instead of wide@1"),
        ("tokenizer.json", b"words", b"swords", "another tokenizer.json"),
    ],
)
def test_small_files_that_are_wrong_come_from_another_mirror(
    model, other, good, tmp_path, file, old, new, why
) -> None:
    folder, wanted = model

    def manner(answer, name, piece) -> None:
        if name == file:
            true = answer.body
            answer.body = true.replace(old, new) if old else (other[0] / file).read_bytes()
            assert answer.body != true
            answer.headers["Content-Length"] = str(len(answer.body))

    with mannered_mirror(folder, manner) as bad:
        with pytest.raises(FetchError, match=f"no mirror has {file}.*{why}"):
            fetch(wanted, tmp_path / "alone", bad.url)
        fetch(wanted, tmp_path / "both", bad.url, good)
    assert same_files(folder, tmp_path / "both")


def test_nodes_that_do_not_fold_to_the_root_are_refused(model, good, tmp_path) -> None:
    folder, wanted = model
    with pytest.raises(FetchError, match="of another model"):
        fetch(Wanted(wanted.program_root, bytes(32)), tmp_path, good)

    def folded_wrongly(answer, name, piece) -> None:
        if name == "manifest.json":
            at = answer.body.index(b'"weight_nodes":["') + 17
            answer.body = answer.body[:at] + b"00" + answer.body[at + 2 :]

    with (
        mannered_mirror(folder, folded_wrongly) as bad,
        pytest.raises(FetchError, match="do not fold to its weight root"),
    ):
        fetch(wanted, tmp_path, bad.url)


@pytest.mark.parametrize("manner", [servers.announced_endless, servers.endless])
def test_no_endless_file_is_read(model, tmp_path, manner) -> None:
    folder, wanted = model

    def all_endless(answer, name, piece) -> None:
        manner(answer)

    with (
        mannered_mirror(folder, all_endless) as bad,
        pytest.raises(FetchError, match=r"announces|sends more than"),
    ):
        fetch(wanted, tmp_path, bad.url)


def test_a_folder_with_another_model_is_not_touched(model, other, good) -> None:
    before = {path: path.stat().st_mtime_ns for path in other[0].iterdir()}
    with pytest.raises(FetchError, match="holds other@1, which is another model"):
        fetch(model[1], other[0], good)
    assert {path: path.stat().st_mtime_ns for path in other[0].iterdir()} == before


def test_a_disk_without_room_is_said_before_anything_is_written(
    model, good, tmp_path, monkeypatch
) -> None:
    _, wanted = model
    usage = part.shutil.disk_usage(tmp_path)._replace(free=3 * PIECE)
    monkeypatch.setattr(part.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(FetchError, match="more bytes of disk"):
        fetch(wanted, tmp_path, good)
    assert (tmp_path / part.PART).stat().st_size == 0


def test_two_downloads_into_one_folder_are_kept_apart(model, tmp_path) -> None:
    folder, wanted = model
    begun, go_on = threading.Event(), threading.Event()

    def waiting(answer, name, piece) -> None:
        begun.set()
        assert go_on.wait(20)

    with mannered_mirror(folder, waiting) as mirror:
        patience = Patience(small_s=20, piece_s=20)
        first = threading.Thread(
            target=fetch, args=(wanted, tmp_path, mirror.url), kwargs={"patience": patience}
        )
        first.start()
        assert begun.wait(20)
        with pytest.raises(FetchError, match="another download into"):
            fetch(wanted, tmp_path, mirror.url)
        go_on.set()
        first.join()
    assert same_files(folder, tmp_path)
    assert fetching.fetch_model(wanted, [Source(mirror.url, True)], tmp_path).found == PIECES


def same_files(one: Path, two: Path) -> bool:
    """Whether both folders have the same files with the same bytes, and nothing else."""
    read = [{path.name: path.read_bytes() for path in folder.iterdir()} for folder in (one, two)]
    return read[0] == read[1]
