"""A mirror's own side: what it hands out, and what strangers cannot take of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.touchstone.mirrors.models import save_wide
from tests.touchstone.mirrors.servers import honest_mirror
from touchstone.errors import RefusedError
from touchstone.mirrors.bounds import MOST_OF_A_PEER, Gate, Pace
from touchstone.mirrors.ranges import Span, read_range
from touchstone.mirrors.serving import MIB


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("served") / "model"
    save_wide(made)
    (made / "secret.json").write_text("{}")
    (made.parent / "manifest.json").write_text("{}")
    return made


@pytest.fixture(scope="module")
def client(folder) -> Iterator[httpx.Client]:
    with honest_mirror(folder) as url, httpx.Client(base_url=f"{url}/models") as client:
        yield client


@pytest.fixture(scope="module")
def root(folder) -> str:
    return "0x" + save_wide(folder).program_root.hex()


@pytest.mark.parametrize("name", ["manifest.json", "program.json", "tokenizer.json", "weights.bin"])
def test_a_model_has_four_files(client, folder, root, name) -> None:
    data = (folder / name).read_bytes()
    whole = client.get(f"/{root}/{name}")
    assert (whole.status_code, whole.content) == (200, data)
    part = client.get(f"/{root}/{name}", headers={"Range": "bytes=3-9"})
    assert (part.status_code, part.content) == (206, data[3:10])
    assert part.headers["Content-Range"] == f"bytes 3-9/{len(data)}"
    assert part.headers["ETag"] == whole.headers["ETag"]


def test_the_weights_bear_their_root(client, folder, root) -> None:
    tag = client.get(f"/{root}/weights.bin", headers={"Range": "bytes=0-0"}).headers["ETag"]
    assert tag.strip('"').removeprefix("0x") in (folder / "manifest.json").read_text()
    for known, status in ((tag, 206), ('"0x00"', 200)):
        headers = {"Range": "bytes=0-0", "If-Range": known}
        assert client.get(f"/{root}/tokenizer.json", headers=headers).status_code in {status, 200}
        assert client.get(f"/{root}/weights.bin", headers=headers).status_code == status


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        ("/{root}/secret.json", "unknown_file"),
        ("/{root}/weights.bin.part", "unknown_file"),
        ("/{root}/..%2fmanifest.json", "unknown_path"),
        ("/0x" + "00" * 32 + "/manifest.json", "unknown_file"),
        ("/model/manifest.json", "unknown_path"),
        ("", "unknown_path"),
    ],
)
def test_nothing_else_is_handed_out(client, root, path, rule) -> None:
    answer = client.get(path.format(root=root))
    assert answer.status_code == 404
    assert answer.json()["error"]["rule"] == rule


@pytest.mark.parametrize("header", ["bytes=9-3", "bytes=0-1,3-4", "lines=0-1", "bytes=-", "x"])
def test_a_range_that_is_none_is_refused(client, root, header) -> None:
    answer = client.get(f"/{root}/program.json", headers={"Range": header})
    assert answer.status_code == 416
    assert answer.json()["error"]["rule"] == "bad_range"


@given(data=st.data(), total=st.integers(1, 50))
def test_ranges_are_python_slices(data, total) -> None:
    content = bytes(range(total))
    first, last = data.draw(st.integers(0, 60)), data.draw(st.integers(0, 60))
    for header, wanted in (
        (f"bytes={first}-{last}", content[first : last + 1]),
        (f"bytes={first}-", content[first:]),
        (f"bytes=-{last}", content[max(0, total - last) :]),
    ):
        if wanted:
            span = read_range(header, total)
            assert content[span.start : span.end] == wanted
        else:
            with pytest.raises(RefusedError):
                read_range(header, total)
    if first <= last < total:
        assert read_range(Span(first, last + 1, total).wanted, total).end == last + 1


def test_one_peer_takes_only_so_many_answers_at_once(folder, root) -> None:
    path = f"/models/{root}/weights.bin"
    with honest_mirror(folder, mib_per_second=0.5) as url, ExitStack() as stack:
        client = stack.enter_context(httpx.Client(base_url=url))
        for _ in range(MOST_OF_A_PEER):
            assert stack.enter_context(client.stream("GET", path)).status_code == 200
        refused = client.get(path)
        assert (refused.status_code, refused.json()["error"]["rule"]) == (503, "busy")
        stack.pop_all().close()
        with httpx.Client(base_url=url) as again:
            # Whoever hangs up makes room.
            until = time.monotonic() + 10
            while again.get(path, headers={"Range": "bytes=0-0"}).status_code != 206:
                assert time.monotonic() < until


def test_the_gate_bounds_all_and_each() -> None:
    gate = Gate(most=3, of_a_peer=2)
    with gate.entered("a"), gate.entered("a"):
        with pytest.raises(RefusedError), gate.entered("a"):
            pass
        with gate.entered("b"), pytest.raises(RefusedError), gate.entered("c"):
            pass
        with gate.entered("c"):
            pass


def test_all_who_fetch_share_one_pace() -> None:
    async def three() -> float:
        pace, began = Pace(MIB), time.monotonic()
        await asyncio.gather(*(pace.passing(MIB // 10) for _ in range(3)))
        return time.monotonic() - began

    # The first passes at once, the others wait for those before them.
    assert asyncio.run(three()) >= 0.2
