"""`c360 serve`: the API over the graph."""

from __future__ import annotations

import signal
from collections.abc import Coroutine
from typing import Annotated, Any

import typer

from api import serving
from api.cli.destinations import deliverer_of
from api.cli.errors import INTERRUPTED, TERMINATED
from api.cli.examples import examples
from api.cli.invocation import Invocation, of, opened, run
from api.cli.reading import reading_shown
from api.cli.sources import read_sources
from api.ingest import Ingest
from api.outgoing.deliveries import Deliverer
from api.outgoing.settings import OutgoingSettings
from api.schedule import Schedule
from api.server import listen
from api.server_error import ServerError
from api.settings import DEFAULT_HOST, DEFAULT_PORT, ApiSettings
from api.syncs import SyncProcesses
from api.viewer import check_binding
from connectors.errors import PluginConfigError
from connectors.problems import Problems
from connectors.settings import read_settings
from graph.figures.board import misnamed
from graph.keys import any_key
from graph.rules import Rules
from graph.store.driver import Store
from graph.store.settings import StoreSettings
from graph.sync.door import closed

HostOption = Annotated[str, typer.Option("--host", help="The address to listen on.")]
PortOption = Annotated[int, typer.Option("--port", min=0, max=65535, help="The port to listen on; 0 takes a free one.")]


class Interrupted(Exception):
    """Serving was ended from outside, with this exit code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def hang_on(app: typer.Typer) -> None:
    app.command("serve", epilog=examples("c360 serve", "C360_API_TOKEN=… c360 serve --host 0.0.0.0 --port 80"))(serve)


def serve(context: typer.Context, host: HostOption = DEFAULT_HOST, port: PortOption = DEFAULT_PORT) -> None:
    """Serve GraphQL and GraphiQL over the graph; beyond this machine with a token, keys or an identity provider."""
    invocation = of(context)
    problems = Problems()
    store = problems.read(invocation.store, None)
    rules = problems.read(invocation.rules, None)
    settings = problems.read(lambda: api_settings(host, port), None)
    problems.read(OutgoingSettings.from_environment, None)
    problems.tell(ServerError)
    assert store is not None
    assert rules is not None
    assert settings is not None
    for named in misnamed(rules):
        invocation.say(f"rules.toml: {named}")
    until_interrupted(invocation, _serve(invocation, store, settings, rules))


def until_interrupted(invocation: Invocation, work: Coroutine[Any, Any, None]) -> None:
    """Run what serves; Ctrl-C is how it is meant to end, and still exit code 130, or 143 by SIGTERM."""
    try:
        run(work, serves=True)
    except Interrupted as interrupted:
        invocation.say("Stopped serving.")
        raise typer.Exit(interrupted.code) from None


async def _serve(invocation: Invocation, store: StoreSettings, settings: ApiSettings, rules: Rules) -> None:
    async with opened(store) as graph:
        check_binding(settings, has_keys=await any_key(graph))
        syncs = SyncProcesses(graph, invocation.config)
        ingest = await _ingest(invocation, graph, rules)
        schedule, deliverer = _schedule(invocation, graph, syncs), _deliverer(invocation, graph, rules)
        await serve_graph(invocation, graph, settings, rules, syncs, ingest, schedule, deliverer)


def _schedule(invocation: Invocation, graph: Store, syncs: SyncProcesses) -> Schedule | None:
    """The rhythms that plugins.toml gives; None where it gives none, or cannot be read (which was told already)."""
    try:
        sources = read_settings(invocation.plugins_toml).sources
    except PluginConfigError:
        return None
    every = {source.name: source.every for source in sources if source.every is not None}
    return Schedule(graph, syncs, every) if every else None


def _deliverer(invocation: Invocation, graph: Store, rules: Rules) -> Deliverer | None:
    """Who delivers; destinations that cannot be used are told of, and the API is served."""
    try:
        return deliverer_of(invocation, graph, rules)
    except PluginConfigError as error:
        invocation.say(f"Nothing is delivered. {error}")
        return None


async def _ingest(invocation: Invocation, graph: Store, rules: Rules) -> Ingest | None:
    """The sources of the folder that take pushes; one that cannot be used is told of, and the API is served."""
    if not invocation.plugins_toml.exists():
        return None
    try:
        sources = read_sources(invocation, invocation.plugins_toml)
    except PluginConfigError as error:
        invocation.say(str(error))
        return None
    for problem in sources.problems:
        invocation.say(problem)
    ingest = Ingest(graph, rules, sources.landing, sources.plugins.page_hook())
    for source in sources.landing:
        if source.connector.name not in ingest.names:
            await closed(source.connector.name, source.kind, source.connector.close)
    return ingest


def api_settings(host: str, port: int) -> ApiSettings:
    """The settings of the API; raises one ServerError, also when it cannot listen there."""
    problems = Problems()
    settings = problems.read(lambda: ApiSettings.from_environment(host=host, port=port), ApiSettings())
    problems.read(lambda: listen(host, port).close(), None)
    problems.tell(ServerError)
    return settings


async def serve_graph(
    invocation: Invocation,
    graph: Store,
    settings: ApiSettings,
    rules: Rules,
    syncs: SyncProcesses,
    ingest: Ingest | None = None,
    schedule: Schedule | None = None,
    deliverer: Deliverer | None = None,
) -> None:
    """Serve until Ctrl-C or SIGTERM; always ends as Interrupted."""

    def say(address: str) -> None:
        invocation.err.print(f"GraphiQL [bold]{address}/graphiql[/]   GraphQL {address}/graphql   (Ctrl-C stops it)")
        for name in () if ingest is None else ingest.names:
            invocation.say(f"Pushes of {name}: POST {address}/ingest/{name}")
        for name, seconds in () if schedule is None else schedule.every.items():
            invocation.say(f"{name} is synced every {seconds / 60:g} minutes.")
        for name in () if deliverer is None else deliverer.names:
            invocation.say(f"Events are delivered to {name}.")

    outgoing = OutgoingSettings.from_environment()
    with reading_shown(invocation) as tell:
        asked = await serving.serve(
            graph, settings, rules=rules, syncs=syncs, ingest=ingest, outgoing=outgoing, schedule=schedule,
            deliverer=deliverer, on_started=say, on_reading=tell,
        )  # fmt: skip
    # The server takes signals for itself, ends well and raises nothing.
    raise Interrupted(TERMINATED if asked == signal.SIGTERM else INTERRUPTED)
