"""Progress on a terminal: a bar a phase with rate and remaining time; without a terminal a line now and then."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, SpinnerColumn, Task, TextColumn
from rich.progress import Progress as Bars
from rich.text import Text

from graph.sync.progress import Progress

_LINE_EVERY_SECONDS = 2.0


@contextmanager
def shown_progress(console: Console) -> Iterator[Progress]:
    """Progress for as long as the work lasts, on a terminal or in a log."""
    if not console.is_terminal:
        yield _Lines(console)
        return
    with Bars(
        SpinnerColumn(finished_text="✓"),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        _Rate(),
        _Remaining(),
        console=console,
    ) as bars:
        progress = _Terminal(bars)
        yield progress
        progress.finish()


class _Terminal:
    """One bar a phase; a phase that is named again goes on."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._tasks = {task.description: task.id for task in bars.tasks}

    def phase(self, name: str, total: int | None = None) -> None:
        if name not in self._tasks:
            self._tasks[name] = self._bars.add_task(name, total=total)
        elif total is not None:
            self._bars.update(self._tasks[name], total=total)

    def advance(self, name: str, done: int) -> None:
        self.phase(name)
        self._bars.advance(self._tasks[name], done)

    def reject(self, name: str, count: int) -> None:
        """The report tells them at the end."""

    def say(self, text: str) -> None:
        self._bars.console.print(text, markup=False)

    def finish(self) -> None:
        """A phase whose size was never known is complete when the work is."""
        for task in self._bars.tasks:
            if task.total is None or task.completed < task.total:
                self._bars.update(task.id, total=task.completed or 1, completed=task.completed or 1)


class _Rate(ProgressColumn):
    """Units a second, over the phase so far."""

    def render(self, task: Task) -> Text:
        seconds = task.finished_time if task.finished else task.elapsed
        return Text(f"{task.completed / seconds:,.0f}/s" if seconds and task.completed else "", style="cyan")


class _Remaining(ProgressColumn):
    """How long it will still take, or how long it took."""

    def render(self, task: Task) -> Text:
        if task.finished:
            return Text(_duration(task.finished_time or 0.0), style="dim")
        return Text("" if task.time_remaining is None else f"{_duration(task.time_remaining)} left", style="dim")


class _Lines:
    """For logs and pipes: a phase's name when it begins, then its figures every two seconds."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._done: dict[str, int] = {}
        self._totals: dict[str, int | None] = {}
        self._begun: dict[str, float] = {}
        self._said_at = 0.0

    def phase(self, name: str, total: int | None = None) -> None:
        self._totals[name] = total if total is not None else self._totals.get(name)
        if name not in self._begun:
            self._begun[name] = time.monotonic()
            self._done[name] = 0
            self._console.print(f"{name} …", markup=False)

    def advance(self, name: str, done: int) -> None:
        self.phase(name)
        self._done[name] += done
        now = time.monotonic()
        is_complete = self._done[name] == self._totals[name]
        if not done or (not is_complete and now - self._said_at < _LINE_EVERY_SECONDS):
            return
        self._said_at = now
        total = self._totals[name]
        of = "" if total is None else f" of {total:,}"
        rate = self._done[name] / max(now - self._begun[name], 1e-3)
        self._console.print(f"{name}: {self._done[name]:,}{of} ({rate:,.0f}/s)", markup=False)

    def reject(self, name: str, count: int) -> None:
        """The report tells them at the end."""

    def say(self, text: str) -> None:
        self._console.print(text, markup=False)


def _duration(seconds: float) -> str:
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
