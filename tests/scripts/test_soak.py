import sys
from collections import Counter
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest

BENCHES = Path(__file__).parents[2] / "scripts" / "benches"
SUPPLY = 1000


@pytest.fixture
def plan(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHES))
    yield import_module("soak_plan")
    sys.modules.pop("soak_plan")


@pytest.fixture
def balanced(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHES))
    yield import_module("soak_books").Books(
        supply=SUPPLY,
        wallets=500,
        burned=10,
        in_market=90,
        in_vault=400,
        owed_by_market=90,
        owed_by_vault=400,
    )
    sys.modules.pop("soak_books")


def test_a_seed_always_draws_the_same_faults_and_another_seed_others(plan):
    assert plan.plan_faults(1000, 1) == plan.plan_faults(1000, 1) != plan.plan_faults(1000, 2)
    assert plan.plan_conduct(1000, 1) == plan.plan_conduct(1000, 1) != plan.plan_conduct(1000, 2)


@pytest.mark.parametrize("jobs", [10, 100, 1000])
def test_every_kind_of_fault_happens_before_the_last_job_is_submitted(plan, jobs):
    faults = plan.plan_faults(jobs, 1)
    assert {fault.kind for fault in faults} == set(plan.Fault)
    assert [fault.after for fault in faults] == sorted(fault.after for fault in faults)
    assert faults[-1].after < jobs
    assert set(plan.plan_conduct(jobs, 1)) == set(plan.Conduct)


def test_most_inputs_are_delivered_promptly(plan):
    conduct = Counter(plan.plan_conduct(1000, 1))
    assert conduct.total() == 1000
    assert conduct[plan.Conduct.PROMPT] > 850


def test_nothing_is_missing_where_the_contracts_owe_what_they_hold(balanced):
    assert balanced.missing(SUPPLY) == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"wallets": 499},
        {"supply": 1001, "wallets": 501},
        {"owed_by_market": 89},
        {"owed_by_vault": 401},
        {"owed_by_market": 89, "owed_by_vault": 401},
    ],
    ids=["lost", "minted", "owned by nobody", "promised twice", "one sum hides another"],
)
def test_units_that_are_not_where_they_should_be_are_missing(balanced, wrong):
    assert replace(balanced, **wrong).missing(SUPPLY) > 0
