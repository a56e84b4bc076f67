"""Whatever strangers send, the node answers by a rule of the protocol and never fails."""

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provider.app import STATUS


@pytest.fixture(scope="module")
def api(module_node):
    return schemathesis.openapi.from_asgi("/openapi.json", module_node.node.app)


@pytest.fixture(scope="module")
def jobs(world, module_node) -> list:
    """One job at each stage, so that requests get past the first rule."""
    opened, drawn, delivered = world.open(), world.drawn(), world.drawn()
    module_node.deliver(world, delivered)
    module_node.committed(delivered)
    return [opened, drawn, delivered]


@settings(
    max_examples=80,
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
def test_no_request_makes_the_node_fail(api, world, jobs):
    ask_anything(api, world, jobs)


def check(case, world, jobs):
    number = len(repr(case.body)) + len(repr(case.headers))
    if "job" in (case.path_parameters or {}) and number % 2:
        job = jobs[number // 2 % len(jobs)]
        case.path_parameters["job"] = "0x" + job.id.hex()
        if number % 3 and case.headers is not None:
            for name, value in world.delivery(job).items():
                case.headers[name] = value
    answer = case.call()
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        error = answer.json()["error"]
        assert STATUS[error["rule"]] == answer.status_code
        assert error["message"]
