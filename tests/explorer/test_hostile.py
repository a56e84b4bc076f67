"""What strangers write on the chain is shown, and does nothing."""

import pytest

from tests.explorer.indexing import browser, dump, fresh_database, indexer_of
from tests.explorer.world import FIRST_PROVIDER, PUBLISHER
from touchstone.protocol.ids import model_id

SCRIPT = "<script>alert(1)</script>"
NAMES = [
    SCRIPT,
    '" onmouseover="alert(1)',
    "{{ 7 * 7 }}{% for x in y %}",
    "nul\0byte",
    "%_' OR 1=1; --",
    "\u202egnirts\u202c \U0001f4a5 \ufeff",
    "x" * 5000,
    "../../etc/passwd",
]
ENDPOINTS = [
    "javascript:alert(1)",
    "https://" + "a" * 240 + ".example",
    "http://[::1",
    'https://ok.example/"><b>x</b>',
    "data:text/html,<b>x</b>",
    "http://user:secret@host:99999/",
    "nul\0",
    "",
]


@pytest.fixture(scope="module")
def hostile(world, tmp_path_factory):
    """Models with hostile names, indexed."""
    publisher = world.sender(PUBLISHER)
    for name in NAMES:
        publisher.send(
            world.registry.publish(
                name, "1", b"p" * 32, b"w" * 32, [b"s" * 32], modes=255, unit_rows=2**32 - 1,
                max_rows=2**32 - 1, uri="javascript:alert('" + name[:100] + "')",
            )
        )  # fmt: skip
    # Bytes that are no text: what cannot be read must not hide what others publish.
    data = world.registry.publish(
        "\x7f" * 3, "1", b"p" * 32, b"w" * 32, [b"s" * 32], modes=1, unit_rows=1, max_rows=1
    ).build_transaction({"from": publisher.address, "gas": 10**6, "nonce": 0, "chainId": 31337})[
        "data"
    ]
    world.request(
        "eth_sendTransaction",
        {
            "from": publisher.address,
            "to": world.registry.contract.address,
            "data": data.replace("7f7f7f", "fffefd"),
        },
    )
    for index, endpoint in enumerate(ENDPOINTS[:6]):
        world.sender(FIRST_PROVIDER + index).send(world.vault.set_endpoint(endpoint))
    world.settled()
    database = fresh_database(tmp_path_factory.mktemp("hostile") / "explorer.sqlite")
    look = indexer_of(world, database).catch_up()
    yield world, database, browser(world, database, look)
    database.close()


def test_hostile_names_are_indexed_and_shown_as_text(hostile):
    _, database, client = hostile

    assert len(dump(database)["models"]) == 1 + len(NAMES)
    for name in NAMES:
        key = "0x" + model_id(name, "1").hex()
        for path in (f"/models/{key}", "/models", f"/api/models/{key}", f"/search?q=0x{key[2:12]}"):
            answer = client.get(path)
            assert answer.status_code in (200, 303), path
            if answer.headers.get("content-type", "").startswith("text/html"):
                assert "<script" not in answer.text
                assert 'onmouseover="' not in answer.text
                assert 'href="javascript' not in answer.text
        page = client.get(f"/models/{key}").text
        assert len(page) < 30_000
    shown = client.get("/models/0x" + model_id(SCRIPT, "1").hex()).text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;@1" in shown
    assert (
        "nul\N{REPLACEMENT CHARACTER}byte@1"
        in client.get("/models/0x" + model_id("nul\0byte", "1").hex()).text
    )


def test_hostile_names_can_be_searched(hostile):
    _, _, client = hostile

    for name in NAMES:
        answer = client.get("/search", params={"q": name[:100]})
        assert answer.status_code in (200, 303), name
    found = client.get("/api/search", params={"q": "%"}).json()["found"]
    assert [one["label"] for one in found] == ["%_' OR 1=1; --@1"]


def test_only_web_addresses_become_links(hostile):
    world, database, client = hostile

    linked = {}
    for index, endpoint in enumerate(ENDPOINTS[:6]):
        page = client.get(f"/providers/{world.provider(index)}").text
        assert (
            "javascript:"
            not in page.replace("javascript:alert(1)</span>", "").partition("Latest")[0]
        )
        assert "<b>" not in page
        linked[endpoint] = 'rel="nofollow noopener noreferrer"' in page
    assert linked == {
        ENDPOINTS[0]: False, ENDPOINTS[1]: True, ENDPOINTS[2]: False, ENDPOINTS[3]: True,
        ENDPOINTS[4]: False, ENDPOINTS[5]: False,
    }  # fmt: skip

    for endpoint in ENDPOINTS[6:]:
        world.sender(FIRST_PROVIDER).send(world.vault.set_endpoint(endpoint))
        look = indexer_of(world, database).catch_up()
        answer = browser(world, database, look).get(f"/providers/{world.provider(0)}")
        assert answer.status_code == 200
    assert "it never said" in answer.text
