"""`c360 doctor`: what could keep c360 from working here, each with a remedy."""

from __future__ import annotations

import msgspec
import typer
from rich.markup import escape

from api.cli.errors import FAILURE
from api.cli.examples import examples
from api.cli.invocation import Invocation, JsonOption, of, run
from api.cli.output import print_json
from api.doctor import Finding, examine

_SIGNS = {"ok": "[green]ok[/]     ", "warning": "[yellow]warning[/]", "problem": "[bold red]problem[/]"}


def hang_on(app: typer.Typer) -> None:
    app.command("doctor", epilog=examples("c360 doctor", "c360 doctor --json"))(doctor)


def doctor(context: typer.Context, as_json: JsonOption = False) -> None:
    """Look at settings, secrets, plugins, disks, the store, its schema and clock, and each source's last sync.

    Nothing is written and no source is asked (that is `c360 plugins check`). Exit code 1 where there is a problem.
    """
    invocation = of(context)
    findings = run(_examined(invocation, as_json))
    if as_json:
        print_json(invocation.out, [msgspec.to_builtins(finding) for finding in findings])
    if any(finding.state == "problem" for finding in findings):
        raise typer.Exit(FAILURE)


async def _examined(invocation: Invocation, as_json: bool) -> list[Finding]:
    findings = []
    async for finding in examine(invocation.config):
        findings.append(finding)
        if not as_json:
            _show(invocation, finding)
    return findings


def _show(invocation: Invocation, finding: Finding) -> None:
    invocation.out.print(f"{_SIGNS[finding.state]}  {finding.about:<9}{escape(finding.found)}")
    if finding.remedy is not None:
        invocation.out.print(f"         [dim]→ {escape(finding.remedy)}[/]")
