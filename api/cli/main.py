"""The command line: `c360`, its global options, and the nouns and verbs that hang from it."""

from __future__ import annotations

import os
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any

import typer
from dotenv import load_dotenv

from api.cli.errors import explain
from api.cli.invocation import Invocation
from api.cli.late import LateGroup
from api.logs import LogFormat, log_format, set_up_logging
from api.server_error import ServerError

TELL_ALL_SETTINGS = ("demo", "doctor", "serve")
"""The commands that read all settings of the API, and tell what is wrong with them at once."""


def run() -> None:
    """The console script `c360`."""
    # Arrow's own allocator keeps what a thread has freed, so that a process that serves for long grows and grows. It is
    # chosen once, when Arrow is loaded.
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    app()


class _Door(LateGroup):
    """Every command leaves by this door: a failure becomes a sentence and an exit code."""

    modules = MappingProxyType(
        {
            name: f"api.cli.{name}"
            for name in (
                "demo", "init", "sync", "serve", "rebuild", "backup", "restore", "sample", "schema", "ask", "export",
                "alerts", "deliveries", "report", "surveys", "documents", "doctor", "keys", "link", "pin", "plugins",
                "rejections", "store",
            )
        }
        | {"sources": "api.cli.known_sources"}
    )  # fmt: skip

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except (KeyboardInterrupt, Exception) as error:
            # Whatever it is, somebody at a shell can do nothing with a traceback; --verbose shows it.
            if isinstance(error, BrokenPipeError) or _is_clicks_own(error):
                raise
            raise typer.Exit(explain(error, _invocation(ctx))) from None


app = typer.Typer(
    name="c360",
    cls=_Door,
    help="One customer out of many silos: who is this customer, and what have they been through with us?",
    epilog="Start with [bold]c360 demo[/], or with your own exports: [bold]c360 init ./exports[/].",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    add_completion=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"c360 {version('c360')}")
        raise typer.Exit


@app.callback()
def begin(
    context: typer.Context,
    config: Annotated[
        Path, typer.Option("--config", metavar="DIR", help="The folder of plugins.toml and rules.toml.")
    ] = Path(),
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Log what happens, and show where an error is from.")
    ] = False,
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_show_version)
    ] = False,
) -> None:
    """One customer out of many silos: who is this customer, and what have they been through with us?"""
    load_dotenv(config / ".env")
    context.obj = Invocation(config, verbose)
    set_up_logging(context.obj.say, verbose=verbose, form=_log_format(context.invoked_subcommand))


def _log_format(command: str | None) -> LogFormat:
    """C360_LOG. Where it is wrong, what tells everything that is wrong with settings tells this among it."""
    try:
        return log_format()
    except ServerError:
        if command not in TELL_ALL_SETTINGS:
            raise
        return "human"


def _invocation(context: Any) -> Invocation:
    return context.obj if isinstance(context.obj, Invocation) else Invocation(Path())


def _is_clicks_own(error: BaseException) -> bool:
    """Exit, Abort and wrong usage, which typer turns into an exit code itself."""
    return isinstance(error, typer.Abort) or hasattr(error, "exit_code")
