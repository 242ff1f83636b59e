"""What several commands of `c360 link` take: a model file, a mapping of columns, progress of a linkage."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from api.cli.invocation import UsageProblem
from graph.linkage.columns import RAW_COLUMNS
from graph.linkage.model import LinkageModel
from graph.linkage.rules import LinkageError
from graph.sync.progress import Progress

MapOption = Annotated[
    list[str] | None,
    typer.Option("--map", metavar="COLUMN=FIELD", help="This column holds that field (either way round); repeatable."),
]
ModelOption = Annotated[
    Path | None, typer.Option("--model", metavar="FILE", help="By this saved model; unless given, one is trained.")
]
EncodingOption = Annotated[str, typer.Option("--encoding", help="Of a CSV.")]

_FIELDS = frozenset((*RAW_COLUMNS, "birth_year", "birth_month", "birth_day"))


def mapping(texts: list[str] | None) -> dict[str, str]:
    """Linkage's field → column. `surname=last_name` and `last_name=surname` say the same."""
    pairs: dict[str, str] = {}
    for text in texts or []:
        left, equals, right = text.partition("=")
        if not equals or not left or not right:
            raise UsageProblem(
                f"--map {text}: write it as COLUMN=FIELD (or FIELD=COLUMN), e.g. --map nachname=last_name"
            )
        if right in _FIELDS:
            pairs[right] = left
        else:
            pairs[left] = right
    return pairs


def read_model(path: Path) -> LinkageModel:
    """A model that `c360 link train -o` saved; raises LinkageError when the file holds none."""
    if not path.is_file():
        raise LinkageError(f"{path}: there is no such file. `c360 link train FILE -o {path}` makes one.")
    try:
        return LinkageModel.from_bytes(path.read_bytes())
    except LinkageError as error:
        raise LinkageError(f"{path}: {error}") from error


def shares_of(progress: Progress, phase: str) -> Callable[[str, float], None]:
    """Linkage's own progress (a share of 1) as a phase of a hundred steps."""
    done = 0
    progress.phase(phase, 100)

    def show(_step: str, share: float) -> None:
        nonlocal done
        now = min(100, int(share * 100))
        progress.advance(phase, max(0, now - done))
        done = max(done, now)

    return show
