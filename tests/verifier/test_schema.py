"""Whatever strangers send, the verifier answers by a rule of the protocol and never fails."""

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.world import small_world
from tests.verifier.test_inputs import SALT, opened, signed
from touchstone.coordination.messages import SALT_HEADER, SIGNATURE_HEADER
from verifier.app import make_app
from verifier.duties import Watch


@pytest.fixture(scope="module")
def world():
    with small_world(block_time=None) as built:
        yield built


@pytest.fixture(scope="module")
def watch(world, tmp_path_factory):
    watch = Watch(world.devnet.w3, world.deployment, tmp_path_factory.mktemp("v") / "v.sqlite")
    watch.reconcile()
    return watch


@pytest.fixture(scope="module")
def jobs(world, watch) -> list[bytes]:
    """A job that is open and one that ended without a result."""
    ids = [opened(world, [2])[0] for _ in range(2)]
    watch.reconcile()
    watch.store.moved(ids[1], "REFUNDED", 1)
    return ids


@pytest.fixture(scope="module")
def api(world, watch):
    app = make_app(watch, lambda: {"ready": True}, {world.model})
    return schemathesis.openapi.from_asgi("/openapi.json", app)


@settings(
    max_examples=200,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(data=st.data())
def ask_anything(api, world, jobs, data):
    """One request that fits the description of an operation, or almost does."""
    operation = data.draw(st.sampled_from([found.ok() for found in api.get_all_operations()]))
    case = data.draw(operation.as_strategy())
    check(case, world, jobs)


@pytest.mark.filterwarnings("default")
def test_no_request_makes_the_verifier_fail(api, world, jobs):
    ask_anything(api, world, jobs)


def check(case, world, jobs):
    number = len(repr(case.path_parameters)) + len(repr(case.body))
    if "job" in (case.path_parameters or {}) and number % 2:
        job = jobs[number // 2 % len(jobs)]
        case.path_parameters["job"] = "0x" + job.hex()
        if number % 3 and case.headers is not None:
            case.headers[SALT_HEADER] = "0x" + SALT.hex()
            case.headers[SIGNATURE_HEADER] = "0x" + signed(world, job).hex()
    answer = case.call()
    assert answer.status_code < 500, answer.text
