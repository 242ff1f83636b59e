"""`c360 demo`: a sample company, synced and served, and the point of it all in one screen."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.markup import escape

from api.cli.errors import FAILURE
from api.cli.examples import examples
from api.cli.invocation import Invocation, JsonOption, UsageProblem, of, opened, rules_in
from api.cli.output import print_json
from api.cli.reading import kept_journeys
from api.cli.sample import CustomersOption, SeedOption, make_sample
from api.cli.serve import HostOption, PortOption, api_settings, serve_graph, until_interrupted
from api.cli.sources import read_sources
from api.cli.story import Comparison, PersonStory, compare, person_story
from api.cli.sync import synchronise
from api.settings import DEFAULT_HOST, DEFAULT_PORT, ApiSettings
from api.syncs import SyncProcesses
from api.viewer import check_binding
from connectors.sample import MARA_EMAIL
from graph.alerts.watch import AlertWatch
from graph.rules import Rules
from graph.store.driver import Store
from graph.store.settings import StoreSettings

_MARK = "sample.json"
_CUSTOMERS, _SEED = 2_000, 1
_LAST_MS = int(datetime(2026, 6, 30, 23, 59, tzinfo=UTC).timestamp() * 1000)


class Summary(msgspec.Struct):
    """What the demo shows."""

    comparison: Comparison
    person: PersonStory
    store: str
    seconds: float
    queries: list[str]


def hang_on(app: typer.Typer) -> None:
    app.command(
        "demo",
        epilog=examples("c360 demo", "c360 demo --once --json", "c360 demo --customers 20000 --data ./big --port 9000"),
    )(demo)


def demo(
    context: typer.Context,
    once: Annotated[bool, typer.Option("--once", help="Print the summary and exit; serve nothing.")] = False,
    as_json: JsonOption = False,
    customers: CustomersOption = _CUSTOMERS,
    seed: SeedOption = _SEED,
    data: Annotated[Path, typer.Option("--data", metavar="DIR", help="The sample's folder; it is used again.")] = Path(
        "c360-demo"
    ),
    store: Annotated[
        str | None,
        typer.Option("--store", metavar="URI", help="The graph's home; in the folder unless said."),
    ] = None,
    host: HostOption = DEFAULT_HOST,
    port: PortOption = DEFAULT_PORT,
) -> None:
    """Make a sample company, sync its three silos into one graph, show one customer's story, serve the API."""
    invocation = of(context)
    started = time.monotonic()
    if as_json and not once:
        raise UsageProblem("--json prints the summary for a program, so it needs --once.")
    api = None if once else api_settings(host, port)
    if api is not None:
        check_binding(api, has_keys=False)  # a sample company has none
    graph = invocation.store(store or f"embedded:{data / 'graph'}")
    _have_sample(invocation, data, customers, seed, is_chosen=_is_chosen(context))
    until_interrupted(invocation, _show(invocation, data, graph, api, as_json, started))


async def _show(
    invocation: Invocation, data: Path, settings: StoreSettings, api: ApiSettings | None, as_json: bool, started: float
) -> None:
    """Sync, tell the story, and serve unless it is told once only."""
    async with opened(settings) as store:
        rules = rules_in(data)
        await _fill(invocation, data, store, rules)
        summary = Summary(
            comparison=await compare(store),
            person=await person_story(store, MARA_EMAIL),
            store=settings.uri,
            seconds=round(time.monotonic() - started, 1),
            queries=list(QUERIES),
        )
        if as_json:
            print_json(invocation.out, summary)
        else:
            _print(invocation.out, summary)
        if api is not None:
            syncs = SyncProcesses(store, data, {"C360_STORE": settings.uri})
            await serve_graph(invocation, store, api, rules, syncs)


def _is_chosen(context: typer.Context) -> bool:
    """Whether the call says how large the sample is; otherwise whatever the folder holds will do."""
    return any(str(context.get_parameter_source(name)).endswith("COMMANDLINE") for name in ("customers", "seed"))


def _have_sample(invocation: Invocation, data: Path, customers: int, seed: int, *, is_chosen: bool) -> None:
    """Make the sample unless the folder holds it; a folder of something else is left alone."""
    mark = data / _MARK
    wanted = {"customers": customers, "seed": seed}
    if mark.exists():
        made = json.loads(mark.read_text(encoding="utf-8"))
        if is_chosen and made != wanted:
            raise UsageProblem(
                f"{data} holds a sample of {made['customers']:,} customers with seed {made['seed']}. "
                "Choose another folder with --data, or delete this one."
            )
        invocation.say(f"Using the sample of {made['customers']:,} customers in {data}.")
        return
    if (data / "plugins.toml").exists():
        raise UsageProblem(f"{data} holds a plugins.toml that is not the demo's. Choose another folder with --data.")
    make_sample(invocation, data, customers, seed)
    mark.write_text(json.dumps(wanted), encoding="utf-8")


async def _fill(invocation: Invocation, data: Path, store: Store, rules: Rules) -> None:
    """Sync, and raise the alerts of the last day that the sample tells of: its clock stands there."""
    sources = read_sources(invocation, data / "plugins.toml")
    report = await synchronise(invocation, sources, rules, store)
    if not report.ok:
        raise typer.Exit(FAILURE)
    async with kept_journeys(invocation, store, rules) as keeper:
        await AlertWatch(store, rules, keeper).evaluate(_LAST_MS)


def _print(out: Console, summary: Summary) -> None:
    person = summary.person
    out.print()
    out.print(f"[bold]{escape(summary.comparison.sentence)}[/]")
    out.print()
    out.print(
        f"One of them: [bold]{escape(person.name)}[/] <{person.email}>, {person.stage}, "
        f"{person.interactions} interactions"
    )
    for record in person.records:
        known = ", ".join(value for value in (record.name, record.email, record.phone) if value)
        out.print(f"  {record.key.split('/')[0]:<10} {known}", markup=False)
    out.print("[dim]Why these are one person[/]")
    for line in person.evidence:
        out.print(f"  {line}", markup=False)
    out.print("[dim]Their journey[/]")
    for moment in person.journey:
        out.print(
            f"  {moment.at}  {moment.function:<10} {moment.what:<36} {_short(moment.said)}".rstrip(), markup=False
        )
    if person.asked_twice:
        out.print("[dim]What they were asked twice[/]")
    for asked in person.asked_twice:
        out.print(f"  {asked.field}: in {asked.first}, again in {asked.again}", markup=False)
    if person.low_score is not None:
        low = person.low_score
        scale = f"from {low.scale[0]:g} to {low.scale[1]:g}"
        out.print("[dim]The low score[/]")
        out.print(f"  {low.metric.upper()} {low.score:g} on a scale {scale}, {low.at}")
        if low.comment:
            out.print(f"  “{low.comment}”", markup=False)
    out.print("[dim]Three queries to paste into GraphiQL[/]")
    for query in summary.queries:
        out.print(query, markup=False)
    out.print(f"[dim]Ready after {summary.seconds:.0f} s; the graph is in {escape(summary.store)}.[/]")


def _short(text: str | None) -> str:
    return "" if text is None else text if len(text) <= 60 else f"{text[:59]}…"


QUERIES = (
    "{ sourceComparison { sentence overlaps { sources customerCount } } }",
    """{ customerByIdentifier(identifier: {emailAddress: "EMAIL"}) {
    displayName lifecycleStage repeatedQuestions { field }
    interactions(first: 5) { nodes { occurredAt kind function subject } } } }""".replace("EMAIL", MARA_EMAIL),
    """{ journeyFlow(input: {period: {from: "2025-07-01", to: "2026-07-01"}, maxSteps: 4}) {
    links { sourceKey targetKey customerCount medianSeconds } } }""",
)
