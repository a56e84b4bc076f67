"""Whatever is asked, the answer is never a failure of the server."""

import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

PATHS = ("jobs", "providers", "models", "pools", "transactions", "blocks")


def test_no_request_that_the_interface_describes_fails(story):
    schema = schemathesis.openapi.from_asgi("/api/openapi.json", story.client.app)
    statuses = set()

    for result in schema.get_all_operations():
        operation = result.ok()

        @seed(7)
        @settings(
            max_examples=8,
            deadline=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
            database=None,
        )
        @given(case=operation.as_strategy())
        def check(case):
            answer = case.call()
            assert answer.status_code < 500, (case.formatted_path, answer.text[:500])
            statuses.add(answer.status_code)

        check()
    assert {200, 404, 422} <= statuses


@seed(7)
@settings(max_examples=40, deadline=None, database=None)
@given(text=st.text(max_size=80), data=st.data())
def test_no_id_and_no_search_fails(story_of_fuzz, text, data):
    from urllib.parse import quote

    kind = data.draw(st.sampled_from(PATHS))
    for path in (f"/{kind}/{quote(text, safe='')}", f"/search?q={quote(text, safe='')}"):
        for prefix in ("", "/api"):
            assert story_of_fuzz.client.get(prefix + path).status_code < 500, path


@seed(7)
@settings(max_examples=40, deadline=None, database=None)
@given(data=st.data())
def test_beginnings_of_real_ids_always_find_something(story_of_fuzz, data):
    story = story_of_fuzz
    key = story.world.hex_of(data.draw(st.sampled_from(list(story.jobs.values()))))
    length = data.draw(st.integers(8, 66))

    found = story.json(f"/search?q={key[:length]}")["found"]
    assert key in [one["key"] for one in found]
