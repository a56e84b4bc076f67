"""The pages: what the JSON interface answers, through templates that escape everything."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any, TypeVar

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from explorer.story.pieces import clipped, short
from explorer.story.places import seat_name
from explorer.views.accounts import account_view, provider_list
from explorer.views.chain import block_view, transaction_view
from explorer.views.home import home_view
from explorer.views.jobs import job_list, job_view
from explorer.views.models import model_list, model_view, pool_view
from explorer.views.queries import PAGE_SIZE
from explorer.views.search import search
from explorer.web.api import PROBLEMS, BlockNumber, PageNumber, SearchText
from explorer.web.problems import Problem, missing, require_address, require_hash

if TYPE_CHECKING:
    from explorer.views.shapes import Shape
    from explorer.web.reading import Reader, Reading

View = TypeVar("View")


class Templates:
    """Renders pages."""

    def __init__(self) -> None:
        """Loads the templates of this package."""
        self._environment = Environment(
            loader=PackageLoader("explorer.web"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters |= {"short": short, "clipped": clipped, "seat": seat_name}

    def page(self, name: str, found: Reading, view: Shape | None, **more: Any) -> HTMLResponse:
        """A page about `view`."""
        template = self._environment.get_template(f"{name}.html")
        return HTMLResponse(template.render(view=view, status=found.status, **more))

    def problem(self, problem: Problem) -> HTMLResponse:
        """A page that says what is wrong."""
        template = self._environment.get_template("problem.html")
        text = template.render(view=None, status=None, code=problem.status, message=str(problem))
        return HTMLResponse(text, problem.status)


def make_pages(reader: Reader, templates: Templates) -> APIRouter:
    """All pages."""
    pages = APIRouter(tags=["pages"], responses=PROBLEMS, default_response_class=HTMLResponse)
    style = (files("explorer.web") / "static" / "style.css").read_text(encoding="utf-8")

    @pages.get("/style.css", include_in_schema=False)
    def css() -> Response:
        return Response(
            style, media_type="text/css", headers={"Cache-Control": "public, max-age=3600"}
        )

    @pages.get("/")
    def home() -> HTMLResponse:
        with reader.read() as found:
            return templates.page("home", found, home_view(found.session, found.site))

    @pages.get("/jobs")
    def jobs(page: PageNumber = 1) -> HTMLResponse:
        with reader.read() as found:
            view = job_list(found.session, found.site, page, PAGE_SIZE)
            return templates.page("jobs", found, view)

    @pages.get("/jobs/{job}")
    def job(job: str) -> HTMLResponse:
        key = require_hash(job, "a job's id")
        with reader.read() as found:
            view = _known(job_view(found.session, found.site, key), f"No job {key} was opened")
            return templates.page("job", found, view)

    @pages.get("/providers")
    def providers(page: PageNumber = 1) -> HTMLResponse:
        with reader.read() as found:
            view = provider_list(found.session, found.site, page, PAGE_SIZE)
            return templates.page("providers", found, view)

    @pages.get("/providers/{address}")
    def provider(address: str, page: PageNumber = 1) -> HTMLResponse:
        key = require_address(address)
        with reader.read() as found:
            view = _known(
                account_view(found.session, found.site, key, page),
                f"No event mentions the account {key}",
            )
            return templates.page("provider", found, view)

    @pages.get("/models")
    def models(page: PageNumber = 1) -> HTMLResponse:
        with reader.read() as found:
            view = model_list(found.session, found.site, page, PAGE_SIZE)
            return templates.page("models", found, view)

    @pages.get("/models/{model}")
    def model(model: str, page: PageNumber = 1) -> HTMLResponse:
        key = require_hash(model, "a model's id")
        with reader.read() as found:
            view = _known(
                model_view(found.session, found.site, key, page), f"No model {key} was published"
            )
            return templates.page("model", found, view)

    @pages.get("/pools/{pool}")
    def pool(pool: str, page: PageNumber = 1) -> HTMLResponse:
        key = require_hash(pool, "a pool's id")
        with reader.read() as found:
            view = _known(
                pool_view(found.session, found.site, key, page), f"Nobody pledged to a pool {key}"
            )
            return templates.page("pool", found, view)

    @pages.get("/transactions/{transaction}")
    def transaction(transaction: str) -> HTMLResponse:
        key = require_hash(transaction, "a transaction's hash")
        with reader.read() as found:
            view = _known(
                transaction_view(found.session, found.site, key),
                f"No transaction {key} of the market is known",
            )
            return templates.page("transaction", found, view)

    @pages.get("/blocks/{number}")
    def block(number: BlockNumber) -> HTMLResponse:
        with reader.read() as found:
            view = _known(
                block_view(found.session, found.site, number), f"Block {number} was not read"
            )
            return templates.page("block", found, view)

    @pages.get("/search", responses={303: {"description": "There is one thing that it can be."}})
    def find(q: SearchText = "") -> Response:
        with reader.read() as found:
            view = search(found.session, found.site, q)
            if len(view.found) == 1:
                return RedirectResponse(view.found[0].href, 303)
            return templates.page("search", found, view)

    return pages


def _known(view: View | None, otherwise: str) -> View:
    if view is None:
        raise missing(otherwise)
    return view
