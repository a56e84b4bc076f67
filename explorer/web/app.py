"""The application: pages for people, the same as JSON under `/api`, and `/health`."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException

import touchstone
from explorer.views.shapes import Status
from explorer.web.api import make_api
from explorer.web.pages import Templates, make_pages
from explorer.web.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from explorer.web.reading import Reader

_log = logging.getLogger(__name__)

_HEADERS = {
    # Pages load nothing but their own style sheet, run nothing, and are framed by nobody.
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def make_app(reader: Reader) -> FastAPI:
    """The application over what `reader` reads."""
    app = FastAPI(
        title="Touchstone explorer",
        version=touchstone.__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
    )
    templates = Templates()
    app.include_router(make_api(reader), prefix="/api")
    app.include_router(make_pages(reader, templates))

    @app.get("/health", response_model=Status, tags=["api"], responses={503: {"model": Status}})
    def health() -> JSONResponse:
        """How far the explorer has read; 503 while it has not caught up with the chain."""
        with reader.read() as found:
            status = found.status
        return JSONResponse(status.model_dump(), 200 if status.caught_up else 503)

    @app.middleware("http")
    async def guard(
        request: Request, proceed: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        response = await proceed(request)
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    def answer(request: Request, problem: Problem) -> Response:
        if _wants_json(request):
            error = {"rule": problem.rule, "message": str(problem)}
            return JSONResponse({"error": error}, problem.status)
        return templates.problem(problem)

    @app.exception_handler(Problem)
    def on_problem(request: Request, problem: Problem) -> Response:
        return answer(request, problem)

    @app.exception_handler(RequestValidationError)
    def on_invalid(request: Request, invalid: RequestValidationError) -> Response:
        wrong = "; ".join(f"{error['loc'][-1]}: {error['msg']}" for error in invalid.errors())
        return answer(request, Problem(422, "malformed", f"The request is malformed: {wrong}."))

    @app.exception_handler(HTTPException)
    def on_http(request: Request, refused: HTTPException) -> Response:
        status = HTTPStatus(refused.status_code)
        message = {404: "There is no such page.", 405: "Pages can only be read."}
        text = message.get(status, status.phrase)
        return answer(request, Problem(status, status.name.lower(), text))

    @app.exception_handler(SQLAlchemyError)
    def on_database(request: Request, error: SQLAlchemyError) -> Response:
        _log.error("the data base fails: %s", error)
        problem = Problem(503, "database", "The data base does not answer: try again in a moment.")
        return answer(request, problem)

    return app


def _wants_json(request: Request) -> bool:
    path = request.url.path
    return path == "/health" or path.startswith("/api/")
