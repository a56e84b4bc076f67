"""`touchstone model fetch` and `mirror`: model folders from others, and for others."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from socket import AddressFamily, create_server
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from touchstone.chain.deployment import Deployment
from touchstone.chain.rpc import connect
from touchstone.cli.output import emit
from touchstone.errors import UsageError
from touchstone.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from socket import socket as Socket  # noqa: N812 (it is a class)

    from touchstone.mirrors.fetching import News

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def fetch(
    to: Annotated[Path, typer.Option(help="The model folder; what is in it is not fetched again.")],
    model: Annotated[
        str | None, typer.Argument(help="NAME@VERSION, whose roots the chain has.")
    ] = None,
    program_root: Annotated[
        str | None, typer.Option(help="Without a chain: the root of the program.")
    ] = None,
    weight_root: Annotated[
        str | None, typer.Option(help="Without a chain: the root of the weights.")
    ] = None,
    mirror: Annotated[
        list[str] | None,
        typer.Option(
            help="Where to fetch from, like http://203.0.113.7:9000; may be repeated, the most "
            "trusted first. By default the publisher's own, then nodes that offer the model."
        ),
    ] = None,
    piece_timeout: Annotated[
        float, typer.Option(help="Seconds that a mirror has for one MiB.", min=0.1)
    ] = 30,
    json: JsonOption = False,
) -> None:
    """Fetch a model from mirrors, each MiB checked before it is kept. Run again to resume."""
    # Only here, so that other commands need not wait for them.
    from touchstone.mirrors.fetching import Source, Wanted, fetch_model
    from touchstone.mirrors.known import look_up
    from touchstone.mirrors.mirror import Patience

    sources = [Source(url, private=True) for url in dict.fromkeys(mirror or [])]
    if model is not None and program_root is None and weight_root is None:
        settings = load_settings()
        deployment = Deployment.load(settings.deployment_path)
        wanted, known = look_up(connect(settings.rpc_url, deployment.chain_id), deployment, model)
        sources = sources or known
    elif model is None and program_root is not None and weight_root is not None:
        wanted = Wanted(_root(program_root), _root(weight_root))
    else:
        raise UsageError("give either NAME@VERSION, or both --program-root and --weight-root")
    with _progress(json) as tell:
        news = fetch_model(wanted, sources, to, Patience(piece_s=piece_timeout), tell)
    strangers = {source.url for source in sources if source.stranger}
    data = asdict(news) | {"folder": str(to), "of_a_stranger": news.manifest_from in strangers}
    emit(data, json, lambda console: _render(console, news, to, strangers))


def mirror(
    folders: Annotated[list[Path], typer.Argument(help="Model folders.")],
    listen: Annotated[str, typer.Option(help="Host and port to listen at.")] = "127.0.0.1:9100",
    rate: Annotated[float, typer.Option(help="MiB a second for all together.", min=0.01)] = 64,
    json: JsonOption = False,
) -> None:
    """Let others fetch compiled models, until Ctrl-C."""
    import uvicorn

    from touchstone.mirrors.serving import mirror_app
    from touchstone.mirrors.shelf import Shelf
    from touchstone.serving import server_config

    shelf = Shelf()
    roots = ["0x" + shelf.add(folder).hex() for folder in folders]
    host, socket = _listening(listen)
    with socket:
        port = socket.getsockname()[1]
        emit(
            {"listen": f"{host}:{port}", "program_roots": roots},
            json,
            lambda console: console.print(
                f"[green]{len(roots)} models[/green] at http://{host}:{port}; Ctrl-C ends it"
            ),
        )
        try:
            uvicorn.Server(server_config(mirror_app(shelf, rate), host, port)).run([socket])
        except KeyboardInterrupt:
            return


def _listening(listen: str) -> tuple[str, Socket]:
    """The host, and a socket that listens there already."""
    host, _, port = listen.rpartition(":")
    try:
        family = AddressFamily.AF_INET6 if "]" in host else AddressFamily.AF_INET
        return host, create_server((host.strip("[]"), int(port)), family=family)
    except (OSError, ValueError, OverflowError) as error:
        raise UsageError(
            f"cannot listen at {listen!r} ({error}): write host:port, like 127.0.0.1:9100, of this "
            "machine and not in use"
        ) from error


def _root(text: str) -> bytes:
    try:
        root = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        root = b""
    if len(root) != 32:
        raise UsageError(f"{text!r} is not a root of 64 hex digits")
    return root


@contextmanager
def _progress(json: bool) -> Iterator[Callable[[News], None]]:
    """A live bar on standard error; nothing with --json, or where nobody looks."""
    console = Console(stderr=True, highlight=False)
    if json or not console.is_terminal:
        yield lambda _: None
        return
    from touchstone.programs.weights import PIECE

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[pieces]}"),
        DownloadColumn(binary_units=True),
        TransferSpeedColumn(),
        TextColumn("{task.fields[mirrors]}"),
    )
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("starting", total=None, pieces="", mirrors="")

        def tell(news: News) -> None:
            done = news.found + news.fetched
            alive = [mirror for mirror in news.mirrors if not mirror.left]
            bar.update(
                task,
                description=news.doing,
                completed=min(done * PIECE, news.total_bytes),
                total=news.total_bytes or None,
                pieces=f"{done}/{news.pieces} pieces",
                mirrors=f"{len(alive)}/{len(news.mirrors)} mirrors",
            )

        yield tell


def _render(console: Console, news: News, to: Path, strangers: set[str]) -> None:
    console.print(
        f"[green]{to} is whole[/green]: {news.pieces} pieces of weights, {news.fetched} fetched "
        f"in {news.seconds:.1f} s, {news.found} were here",
        soft_wrap=True,
    )
    if news.manifest_from in strangers:
        console.print(
            f"[yellow]the tokenizer and the output's scale come from a node[/yellow], "
            f"{escape(news.manifest_from)}, and no root binds them: compare them with the "
            "publisher's before you order",
            soft_wrap=True,
        )
    for mirror in news.mirrors:
        if mirror.faults:
            left = ", left" if mirror.left else ""
            console.print(
                f"  {mirror.url} gave {mirror.pieces} pieces and failed {mirror.faults} times"
                f"{left}: {mirror.last_fault}",
                soft_wrap=True,
                markup=False,
            )
