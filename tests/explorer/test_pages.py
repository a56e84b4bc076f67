"""Every page says the right thing, in words and amounts."""

import re

import pytest

from tests.explorer.conftest import KINDS
from tests.explorer.world import PROVIDERS, REQUESTER

WORDS = {
    "settled": [
        "Opened by 0x709979…79C8 for 0.03 tokens (3 providers, 0.01 tokens each) in pool",
        "Drawn: seats 0, 1 and 2 (",
        ") and reserves 3 and 4 (",
        "Settled: 3 providers agree on output root 0x111111…1111; each earned 0.01 tokens.",
        "Settled: 3 providers were paid 0.03 tokens.",
    ],
    "replaced": [
        ") was silent and lost 2 of 12 slices of its bond: 0.32 tokens burned.",
        "), a reserve, takes part from the next round on.",
        "Attempt 2 began",
        "took a failed seat's place",
        "replaced",
    ],
    "contested": [
        "Contested, since results differ: seat 0 claims 0x111111…1111, seat 1 claims 0x222222…2222",
        "0.03 tokens went back to 0x709979…79C8, since the results differ.",
        "its bond is held",
        "It is concluded at the latest at",
    ],
    "concluded": ["nobody was shown to have lied, and the bonds are held no longer"],
    "challenged": [
        "The output root 0x111111…1111 that all agreed on is disputed: the bonds of seats 0, 1 and "
        "2 (",
        ") are held until the resolver has spoken.",
        "nobody was shown to have lied",
        "Settled: 3 providers were paid 0.03 tokens.",
    ],
    "withheld": [
        "committed and then withheld its result and lost 12 of 12 slices of its bond: 1.76 tokens "
        "burned, 0.16 tokens to the requester (0x709979…79C8).",
        "Settled: 2 providers agree",
        "and 0.01 tokens for seats without a result went back to the requester.",
    ],
    "expired": ["Refunded: 0.03 tokens went back, since it was not drawn in time."],
    "equivocated": [
        "signed two different statements about one draw and lost 12 of 12 slices of its bond: "
        "1.6 tokens burned, 0.16 tokens to the requester (0x709979…79C8), 0.16 tokens as bounty "
        "(0xf39Fd6…2266).",
    ],
    "acknowledged": ["The requester confirmed the result"],
    "starved": [
        "demanded the input on chain, with a deposit of 0.100352 tokens",
        "The input was withheld: seats 0 and 1 (",
        "got a reservation fee of 0.00125 tokens each.",
        "0.0275 tokens went back, since the input did not come; 0.0025 tokens were paid as "
        "reservation fees.",
    ],
    "fixed": [
        "The input is fixed: its root is ",
        "Settled: 3 providers were paid 0.03 tokens.",
    ],
    "never_fixed": [
        "got a reservation fee of 0.00125 tokens each.",
        "0.02625 tokens went back, since the input did not come",
    ],
    "waiting": ["stand by until its input is fixed", "Its input must be fixed by", "not fixed yet"],
    "fed": [
        "lacks the input as well.",
        "answered on chain with the input (24 bytes) and was paid 0.002072 tokens for it.",
        "The demand for the input is over; 0.09828 tokens of its deposit went back to",
    ],
    "demanded": [
        "The requester demanded the output on chain",
        "its earnings wait for the output",
        "0.03 tokens wait for it",
        "The demanded output is due by",
    ],
    "delivered": [
        "answered on chain with the output",
        "Settled: 3 providers were paid 0.03 tokens.",
    ],
    "unwound": [
        "The output was withheld: the 0.01 tokens that seats 0, 1 and 2 earned each are taken",
        "did not hand out the output that it was paid for and lost 2 of 12 slices",
        "Refunded: 0.03 tokens went back, since the output was demanded on chain and did not come.",
    ],
    "vouched": [
        "for 0.04 tokens (1 provider, 0.02 tokens each, and as much for an auditor) in pool",
        "An audit is due; the hash of block",
        "Drawn as auditor: 0x",
        "which must vouch for the result or dispute it. Its bond is locked until",
        "vouched for the result with the seal 0x",
        "and earned 0.02 tokens.",
        "Settled: 1 provider was paid 0.02 tokens. An auditor vouched for the result.",
        "optimistic, audits of every job, 1 provider",
        "auditor0x",
        "vouched for the result, earned 0.02 tokens",
    ],
    "not_drawn": [
        "and as much for an auditor of one job in 64) in pool",
        "optimistic, audits of one job in 64, 1 provider",
        "One job in 64 is audited: the hash of block",
        "The audit is over: this one was not drawn. 0.02 tokens went back to 0x709979…79C8.",
        "0.02 tokens went back. The audit is over: this one was not drawn.",
    ],
    "auditor_silent": [
        "The auditor (0x",
        ") was silent and lost 2 of 12 slices of its bond: 0.32 tokens burned.",
        "lost 0.32 tokens of its bond (was silent)",
        "vouched for the result, earned 0.02 tokens",
    ],
    "auditors_silent": [
        "The audit is over: nobody who could look was left. 0.02 tokens went back",
        "lost 0.32 tokens of its bond (was silent)",
    ],
    "refuted": [
        ") vouched for a result that it had not computed and lost 12 of 12 slices of its bond: 1.6 "
        "tokens burned, 0.16 tokens to the requester (0x709979…79C8), 0.16 tokens as bounty (0x",
        "Its auditor vouched for what it had not computed.",
        "lost 1.92 tokens of its bond (vouched for what it had not computed)",
    ],
    "requested": [
        "for 0.02 tokens (1 provider, 0.02 tokens each) in pool",
        "audit ordered",
        "vouched for the result, earned 0.02 tokens",
    ],
    "audited_twice": [
        "The audit is over: this one was not drawn.",
        "An audit is due; the hash of block",
        "An auditor vouched for the result.",
    ],
    "audit_starved": [
        "The auditor (0x",
        ") demanded the input on chain, with a deposit of 0.100352 tokens",
        "The audit is over: the auditor demanded the input on chain and it did not come. 0.0175 "
        "tokens went back to 0x709979…79C8, the rest to the auditor (0x",
        "was paid for a result whose input nobody gave the auditor and lost 12 of 12 slices of its "
        "bond: 1.76 tokens burned, 0.16 tokens to the requester (0x709979…79C8).",
        "earned 0.0025 tokens",
    ],
    "audit_fed": ["answered on chain with the input (24 bytes)", "vouched for the result"],
    "audit_unwound": [
        "Refunded: 0.02 tokens went back, since the output was demanded on chain and did not come",
        "vouched for the result, earned 0.02 tokens",
    ],
    "audit_challenged": [
        "the bonds of seat 0 and the auditor (0x",
        "Concluded: nobody was shown to have lied",
        "The result was disputed, and nobody was shown to have lied. An auditor vouched",
    ],
    "open": ["no providers are drawn yet", "Anyone may draw it now.", "It must be drawn by"],
    "drawn": ["3 providers work on it (attempt 1)", "at work", "Commitments are waited for until"],
    "audit_due": [
        "paid 0.02 tokens. An audit is due.",
        "The auditor is named by the hash of block",
    ],
    "audit_drawn": [
        "An auditor has to look at the result.",
        "The auditor has time until",
        "has to look at the result",
    ],
    "audit_held": [
        "the bonds of seat 0 and the auditor (0x",
        "vouched for the result, earned 0.02 tokens, its bond is held",
    ],
}  # fmt: skip


def text_of(page: str) -> str:
    """What a reader sees."""
    page = re.sub(r"<(style|title).*?</\1>", "", page, flags=re.DOTALL)
    text = re.sub(r"<[^>]+>", "", page).replace("&#39;", "'").replace("&amp;", "&")
    return re.sub(r"\s+", " ", text)


@pytest.mark.parametrize("name", WORDS)
def test_a_jobs_page_tells_what_happened(story, name):
    page = story.page(f"/jobs/{story.world.hex_of(story.jobs[name])}")
    shown = text_of(page)

    for words in WORDS[name]:
        assert words in shown, words
    assert "does not add up" not in shown
    assert "✓ adds up" in shown
    transactions = set(re.findall(r'href="/transactions/(0x[0-9a-f]{64})"', page))
    for transaction in transactions:
        assert story.client.get(f"/transactions/{transaction}").status_code == 200
    assert transactions


@pytest.mark.parametrize("name", KINDS)
def test_json_tells_the_same_as_the_page(story, name):
    view, shown = (
        story.job(name),
        text_of(story.page(f"/jobs/{story.world.hex_of(story.jobs[name])}")),
    )

    assert view["outcome"] in shown
    assert len(view["steps"]) >= 2
    for seat in view["participants"]:
        assert seat["outcome"] in shown
    for pot in view["pots"]:
        assert int(pot["moved_in"]["units"]) - int(pot["moved_out"]["units"]) == int(
            pot["left"]["units"]
        )


def test_the_front_page_has_totals_the_latest_jobs_and_the_indexed_block(story):
    shown, totals = text_of(story.page("/")), story.json("/home")["totals"]

    assert totals["jobs"] == len(story.jobs)
    assert totals["phases"] == {
        "open": 1, "waiting": 1, "drawn": 1, "settled": 23, "contested": 1, "concluded": 1,
        "refunded": 5,
    }  # fmt: skip
    assert f"Indexed to block {story.world.head}" in shown
    assert f"Jobs{len(story.jobs)}" in shown.replace(" ", "")
    assert totals["escrowed"]["tokens"] == "1.15"
    assert "1.15 tokens" in shown
    assert "not final yet" in shown


def test_a_providers_page_has_its_stake_its_work_and_its_slashes(story):
    world = story.world
    for index in range(PROVIDERS):
        view = story.json(f"/providers/{world.provider(index)}")
        shown = text_of(story.page(f"/providers/{world.provider(index)}"))

        assert f"https://node-{index + 2}.example:9000" in shown
        assert view["summary"]["address"] == world.provider(index)
        assert len(view["seats"]["items"]) == view["summary"]["seated"] + sum(
            seat["role"] == "reserve" for seat in view["seats"]["items"]
        )
        lost = sum(int(s["burned"]["units"]) + int(s["paid"]["units"]) for s in view["slashes"])
        assert lost == int(view["lost"]["units"])
        for slash in view["slashes"]:
            assert slash["reason"] in shown
    assert "3 slots of pool" in text_of(story.page(f"/providers/{world.provider(0)}"))
    reasons = {
        slash["reason"]
        for index in range(PROVIDERS)
        for slash in story.json(f"/providers/{world.provider(index)}")["slashes"]
    }
    assert reasons == {
        "was silent",
        "withheld its result",
        "signed two statements",
        "withheld the output",
        "did not hand the input to the auditor",
        "vouched for what it had not computed",
    }


def test_an_auditors_page_has_its_audits(story):
    """Also of one that never had a seat in the job."""
    world, found = story.world, {}
    for index in range(PROVIDERS):
        address = world.provider(index)
        view, shown = (
            story.json(f"/providers/{address}"),
            text_of(story.page(f"/providers/{address}")),
        )
        assert view["summary"]["audits"] == len(view["audits"])
        for audit in view["audits"]:
            assert audit["outcome"] in shown
            found.setdefault(audit["job"]["id"], []).append((address, audit))
    for name in ("vouched", "requested", "auditor_silent", "refuted", "audit_starved"):
        job = story.job(name)
        auditors = {seat["provider"] for seat in job["participants"] if seat["role"] == "auditor"}
        listed = found[world.hex_of(story.jobs[name])]
        assert {address for address, _ in listed} == auditors
        paid = sum(int(audit["earned"]["units"]) for _, audit in listed)
        fee = story.jobs[name].share
        assert paid == (fee // 8 if name == "audit_starved" else fee)
    assert len(found[world.hex_of(story.jobs["auditor_silent"])]) == 2
    assert len(found[world.hex_of(story.jobs["auditors_silent"])]) == 3
    assert world.hex_of(story.jobs["not_drawn"]) not in found


def test_an_audit_is_in_the_interface_too(story):
    world = story.world
    for name, state, ended in (
        ("vouched", "vouched", None),
        ("not_drawn", "over", "NotDrawn"),
        ("audit_starved", "over", "InputWithheld"),
        ("audit_due", "due", None),
    ):
        view, audit = story.job(name), world.market.job(story.jobs[name]).audit
        assert (view["audit"]["state"], view["audit"]["ended"]) == (state, ended)
        assert view["audit"]["odds"] == audit.odds
        assert view["audit"]["seal"] == ("0x" + audit.seal.hex() if any(audit.seal) else None)
        assert view["summary"]["payment"]["units"] == str(story.jobs[name].payment)
    assert story.job("settled")["audit"] is None


def test_events_of_audits_are_told_on_their_transactions_pages(story):
    told = set()
    for name in ("vouched", "not_drawn", "refuted", "audit_starved"):
        for step in story.job(name)["steps"]:
            page = text_of(story.page(f"/transactions/{step['transaction']}"))
            assert "said AuditDue(" not in page
            told.add(step["event"])
    assert {"AuditDue", "AuditorDrawn", "Vouched", "AuditorFailed", "AuditEnded"} <= told


def test_a_requesters_page_has_its_jobs(story):
    address = story.world.devnet.account(REQUESTER).address
    shown = text_of(story.page(f"/providers/{address}"))

    assert f"Account {address}" in shown
    assert f"Jobs opened{len(story.jobs)}" in shown
    assert "Jobs that it opened" in shown


def test_a_models_page_has_its_roots_pools_and_jobs(story):
    world = story.world
    page = story.page(f"/models/0x{world.model.hex()}")
    shown = text_of(page)

    assert "Model doubler@1" in shown
    assert "0x" + (b"w" * 32).hex() in shown
    assert "redundant" in shown
    assert 'href="https://models.example/doubler" rel="nofollow noopener noreferrer"' in page
    view = story.json(f"/models/0x{world.model.hex()}")
    assert [(p["price"]["tokens"], p["tier"], p["providers"]) for p in view["pools"]] == [
        ("0.01", 48, 6)
    ]
    assert view["pools"][0]["jobs"] == len(story.jobs)
    offered = sum(
        world.vault.position(world.pool, world.provider(i)).next_weight for i in range(PROVIDERS)
    )
    assert view["pools"][0]["offered"] == offered


def test_lists_and_pools_and_blocks_have_pages(story):
    world = story.world
    assert "doubler" in text_of(story.page("/models"))
    assert world.provider(0)[:8] in text_of(story.page("/providers"))
    pool = text_of(story.page(f"/pools/0x{world.pool.hex()}"))
    assert "0.01 tokens for a unit of work (tier 48)" in pool
    opened = story.job("settled")["summary"]["opened"]["block"]
    assert "Opened by" in text_of(story.page(f"/blocks/{opened}"))
    assert "Nothing happened in this block" in text_of(story.page(f"/blocks/{opened + 1}"))


def test_a_transactions_page_decodes_every_event(story):
    step = next(s for s in story.job("unwound")["steps"] if s["event"] == "Unwound")
    view = story.json(f"/transactions/{step['transaction']}")
    shown = text_of(story.page(f"/transactions/{step['transaction']}"))

    names = [event["event"] for event in view["events"]]
    assert names.count("Slashed") == 3
    assert {"Unwound", "Credited", "DemandClosed", "SeatFailed", "Refunded"} <= set(names)
    assert "lost a slot in pool" in shown
    assert "0.32 tokens burned, 0 tokens paid to others" in shown
    closed = next(event for event in view["events"] if event["event"] == "DemandClosed")
    assert closed["args"]["returned"] == str(story.world.market.answer_deposit)


def test_pages_of_a_list_are_bounded_and_complete(story):
    keys, page = [], 1
    while True:
        found = story.json(f"/jobs?page={page}&size=4")
        assert len(found["items"]) <= 4
        keys += [job["id"] for job in found["items"]]
        if not found["more"]:
            break
        page += 1
    assert keys == [story.world.hex_of(order) for order in reversed(story.jobs.values())]
    for query in ("page=0", "page=1001", "size=0", "size=101", "page=x"):
        assert story.client.get(f"/api/jobs?{query}").status_code == 422


@pytest.mark.parametrize(
    ("query", "where"),
    [
        ("doubler", "/models/"),
        ("DOUBLER@1", "/models/"),
        ("{job}", "/jobs/"),
        ("{job:.10}", "/jobs/"),
        ("{bare:.8}", "/jobs/"),
        ("{address}", "/providers/"),
        ("{transaction}", "/transactions/"),
        ("{block}", "/blocks/"),
        ("#{block}", "/blocks/"),
    ],
)
def test_a_search_with_one_answer_leads_there(story, query, where):
    view = story.job("settled")
    key = view["summary"]["id"]
    wanted = query.format(
        job=key,
        bare=key[2:],
        address=story.world.provider(2),
        transaction=view["steps"][0]["transaction"],
        block=view["summary"]["opened"]["block"],
    )
    answer = story.client.get("/search", params={"q": wanted})

    assert answer.status_code == 303
    assert answer.headers["location"].startswith(where)
    assert story.client.get(answer.headers["location"]).status_code == 200


def test_a_search_without_an_answer_says_what_to_try(story):
    assert "Nothing was found" in text_of(story.page("/search?q=no+such+model"))
    assert "at least 6 hex digits" in text_of(story.page("/search?q=0xabc"))
    assert "Type the id of a job" in text_of(story.page("/search"))
    assert story.client.get("/search?q=" + "x" * 201).status_code == 422


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/jobs/0x12", 422, "“0x12” is not a job's id: that is 0x and 64 hex digits"),
        ("/jobs/0x" + "ab" * 32, 404, "No job 0x" + "ab" * 32 + " was opened."),
        ("/providers/me", 422, "is not an address: that is 0x and 40 hex digits"),
        ("/providers/0x" + "ab" * 20, 404, "No event mentions the account"),
        ("/models/" + "0x" + "ab" * 32, 404, "was published."),
        ("/pools/" + "0x" + "ab" * 32, 404, "Nobody pledged to a pool"),
        ("/transactions/0x" + "ab" * 32, 404, "of the market is known."),
        ("/blocks/999999", 404, "Block 999999 was not read."),
        ("/blocks/-1", 422, "The request is malformed"),
        ("/nothing", 404, "There is no such page."),
    ],
)
def test_a_bad_id_gets_a_page_that_says_what_is_wrong(story, path, status, words):
    answer, twin = story.client.get(path), story.client.get(f"/api{path}")

    assert answer.status_code == twin.status_code == status
    assert words in text_of(answer.text)
    assert answer.headers["content-type"].startswith("text/html")
    assert twin.json()["error"]["message"]


def test_pages_load_and_run_nothing_from_elsewhere(story):
    answer = story.client.get("/")

    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    for path in ("/", f"/jobs/{story.world.hex_of(story.jobs['settled'])}"):
        page = story.page(path)
        assert "<script" not in page
        assert "style=" not in page
        assert not re.search(r'(?:src|action)="(?:https?:)?//', page)
    assert story.client.get("/style.css").headers["content-type"].startswith("text/css")
