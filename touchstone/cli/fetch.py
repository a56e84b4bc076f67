"""`touchstone model fetch` and `mirror`: model folders from others, and for others."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from touchstone.chain.deployment import Deployment
from touchstone.chain.registry import Registry
from touchstone.chain.rpc import connect
from touchstone.chain.stake import Vault
from touchstone.cli.output import emit
from touchstone.errors import PeerError, UsageError
from touchstone.protocol.ids import model_id
from touchstone.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from touchstone.mirrors.fetching import News, Source, Wanted

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
    from touchstone.mirrors.mirror import Patience

    sources = [Source(url, private=True) for url in mirror or []]
    if model is not None and program_root is None and weight_root is None:
        wanted, known = _looked_up(model, look_for_mirrors=not sources)
        sources = sources or known
    elif model is None and program_root is not None and weight_root is not None:
        wanted = Wanted(_root(program_root), _root(weight_root))
    else:
        raise UsageError("give either NAME@VERSION, or both --program-root and --weight-root")
    with _progress(json) as tell:
        news = fetch_model(wanted, sources, to, Patience(piece_s=piece_timeout), tell)
    emit(asdict(news) | {"folder": str(to)}, json, lambda console: _render(console, news, to))


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

    host, _, port = listen.rpartition(":")
    if not host or not port.isdigit() or int(port) >= 1 << 16:
        raise UsageError(f"--listen {listen!r} is not host:port, like 127.0.0.1:9100")
    shelf = Shelf()
    roots = ["0x" + shelf.add(folder).hex() for folder in folders]
    emit(
        {"listen": listen, "program_roots": roots},
        json,
        lambda console: console.print(
            f"[green]{len(roots)} models[/green] at http://{listen}; Ctrl-C ends it"
        ),
    )
    try:
        uvicorn.Server(server_config(mirror_app(shelf, rate), host.strip("[]"), int(port))).run()
    except KeyboardInterrupt:
        return


def _looked_up(label: str, *, look_for_mirrors: bool) -> tuple[Wanted, list[Source]]:
    """What the chain says of a model: its roots, and who may have it, the publisher's first."""
    from touchstone.coordination.endpoints import parse_endpoint
    from touchstone.mirrors.fetching import Source, Wanted
    from touchstone.mirrors.nodes import nodes_of

    name, _, version = label.rpartition("@")
    if not (name and version):
        raise UsageError(f"{label!r} is not NAME@VERSION")
    settings = load_settings()
    deployment = Deployment.load(settings.deployment_path)
    w3 = connect(settings.rpc_url, deployment.chain_id)
    id_ = model_id(name, version)
    found = Registry(w3, deployment).models(id_)
    if not found:
        raise UsageError(f"{label} is not published on this chain: see `touchstone model list`")
    wanted = Wanted(found[0].program_root, found[0].weight_root, label)
    if not look_for_mirrors:
        return wanted, []
    vault = Vault(w3, deployment)
    sources = []
    for url in dict.fromkeys([found[0].uri, *nodes_of(vault, id_)]):
        try:
            parse_endpoint(url)
        except PeerError:
            continue  # Anyone can publish any text.
        sources.append(Source(url, private=vault.development))
    if not sources:
        raise UsageError(
            f"neither the publisher of {label} nor a provider says where its files are: name a "
            "--mirror"
        )
    return wanted, sources


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


def _render(console: Console, news: News, to: Path) -> None:
    console.print(
        f"[green]{to} is whole[/green]: {news.pieces} pieces of weights, {news.fetched} fetched "
        f"in {news.seconds:.1f} s, {news.found} were here",
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
