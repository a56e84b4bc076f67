"""The JSON interface: the same views as the pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Path, Query

from explorer.views.accounts import account_view, provider_list
from explorer.views.chain import block_view, transaction_view
from explorer.views.home import home_view
from explorer.views.jobs import job_list, job_view
from explorer.views.models import model_list, model_view, pool_view
from explorer.views.queries import PAGE_SIZE
from explorer.views.search import MOST_QUERY, search
from explorer.views.shapes import (
    AccountSummary,
    AccountView,
    BlockView,
    HomeView,
    JobSummary,
    JobView,
    ModelSummary,
    ModelView,
    Page,
    PoolView,
    SearchView,
    Status,
    TransactionView,
)
from explorer.web.problems import missing, require_address, require_hash

if TYPE_CHECKING:
    from explorer.web.reading import Reader

LAST_PAGE = 1000
LAST_BLOCK = 2**53
PageNumber = Annotated[int, Query(ge=1, le=LAST_PAGE, description="Which page, from 1.")]
PageSize = Annotated[int, Query(ge=1, le=100, description="How many items.")]
BlockNumber = Annotated[int, Path(ge=0, le=LAST_BLOCK)]
SearchText = Annotated[str, Query(max_length=MOST_QUERY)]
PROBLEMS: dict[int | str, dict[str, Any]] = {
    404: {"description": "Nothing of that id is known."},
    422: {"description": "The request is malformed; says how."},
    503: {"description": "Nothing has been indexed yet, or the data base does not answer."},
}


def make_api(reader: Reader) -> APIRouter:
    """All of `/api`."""
    api = APIRouter(tags=["api"], responses=PROBLEMS)

    @api.get("/status")
    def status() -> Status:
        with reader.read() as found:
            return found.status

    @api.get("/home")
    def home() -> HomeView:
        with reader.read() as found:
            return home_view(found.session, found.site)

    @api.get("/jobs")
    def jobs(page: PageNumber = 1, size: PageSize = PAGE_SIZE) -> Page[JobSummary]:
        with reader.read() as found:
            return job_list(found.session, found.site, page, size)

    @api.get("/jobs/{job}")
    def job(job: str) -> JobView:
        key = require_hash(job, "a job's id")
        with reader.read() as found:
            view = job_view(found.session, found.site, key)
        if view is None:
            raise missing(f"No job {key} was opened")
        return view

    @api.get("/providers")
    def providers(page: PageNumber = 1, size: PageSize = PAGE_SIZE) -> Page[AccountSummary]:
        with reader.read() as found:
            return provider_list(found.session, found.site, page, size)

    @api.get("/providers/{address}")
    def provider(address: str, page: PageNumber = 1) -> AccountView:
        key = require_address(address)
        with reader.read() as found:
            view = account_view(found.session, found.site, key, page)
        if view is None:
            raise missing(f"No event mentions the account {key}")
        return view

    @api.get("/models")
    def models(page: PageNumber = 1, size: PageSize = PAGE_SIZE) -> Page[ModelSummary]:
        with reader.read() as found:
            return model_list(found.session, found.site, page, size)

    @api.get("/models/{model}")
    def model(model: str, page: PageNumber = 1) -> ModelView:
        key = require_hash(model, "a model's id")
        with reader.read() as found:
            view = model_view(found.session, found.site, key, page)
        if view is None:
            raise missing(f"No model {key} was published")
        return view

    @api.get("/pools/{pool}")
    def pool(pool: str, page: PageNumber = 1) -> PoolView:
        key = require_hash(pool, "a pool's id")
        with reader.read() as found:
            view = pool_view(found.session, found.site, key, page)
        if view is None:
            raise missing(f"Nobody pledged to a pool {key}")
        return view

    @api.get("/transactions/{transaction}")
    def transaction(transaction: str) -> TransactionView:
        key = require_hash(transaction, "a transaction's hash")
        with reader.read() as found:
            view = transaction_view(found.session, found.site, key)
        if view is None:
            raise missing(f"No transaction {key} of the market is known")
        return view

    @api.get("/blocks/{number}")
    def block(number: BlockNumber) -> BlockView:
        with reader.read() as found:
            view = block_view(found.session, found.site, number)
        if view is None:
            raise missing(f"Block {number} was not read")
        return view

    @api.get("/search")
    def find(q: SearchText = "") -> SearchView:
        with reader.read() as found:
            return search(found.session, found.site, q)

    return api
