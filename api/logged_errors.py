"""What a log tells of an exception: what it is and where it is from, never the words of one that is not ours.

Those may quote a value (`KeyError: 'ada@acme.test'`), and a value may be somebody's address.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from structlog.typing import EventDict, WrappedLogger

from connectors.errors import C360Error

_OURS = frozenset({"api", "connectors", "graph", "c360"})
_MOST_FRAMES = 50


@dataclass(frozen=True, slots=True)
class Frame:
    """A line of code that was being run."""

    file: str
    line: int
    function: str


@dataclass(frozen=True, slots=True)
class LoggedError:
    """An exception as a log tells it; `message` is None where the words are not ours. The innermost frame is last."""

    type: str
    message: str | None
    frames: tuple[Frame, ...]


def words_of(error: BaseException) -> str:
    """What may stand in a line about it: our own words, the system's of an OSError, else its type and place."""
    if (message := _own_words(error)) is not None:
        return message
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    frames = _frames(error)
    return type(error).__name__ + (f" at {_place(frames[-1])}" if frames else "")


def chain_of(error: BaseException) -> Iterator[LoggedError]:
    """The exception, then what it came from, as far back as Python knows."""
    seen: set[int] = set()
    at: BaseException | None = error
    while at is not None and id(at) not in seen:
        seen.add(id(at))
        yield LoggedError(type(at).__name__, _own_words(at), _frames(at))
        at = at.__cause__ or (None if at.__suppress_context__ else at.__context__)


def with_safe_words(record: logging.LogRecord) -> logging.LogRecord:
    """The record, or one like it whose exceptions among its arguments are told by `words_of`."""
    if not isinstance(record.args, tuple) or not any(isinstance(each, BaseException) for each in record.args):
        return record
    safe = logging.makeLogRecord(record.__dict__)
    safe.args = tuple(words_of(each) if isinstance(each, BaseException) else each for each in record.args)
    return safe


def as_objects(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """`exception` for programs: a list, from the exception to what it came from, each with type and frames."""
    if (error := _of(event)) is not None:
        event["exception"] = [
            {
                "type": each.type,
                **({} if each.message is None else {"message": each.message}),
                "frames": [{"file": f.file, "line": f.line, "function": f.function} for f in each.frames],
            }
            for each in chain_of(error)
        ]
    return event


def as_lines(event: EventDict) -> str:
    """The same for people: nothing, or lines that each begin with a line break."""
    error = _of(event)
    return "" if error is None else lines_of(error)


def lines_of(error: BaseException) -> str:
    """The exception and what it came from, with every frame; each line begins with a line break."""
    lines: list[str] = []
    for number, each in enumerate(chain_of(error)):
        said = each.type if each.message is None else f"{each.type}: {each.message}"
        lines.append(f"\n  because of {said}" if number else f"\n  {said}")
        lines += (f"\n    at {_place(frame)}" for frame in each.frames)
    return "".join(lines)


def _of(event: EventDict) -> BaseException | None:
    """Takes what the logger was given for `exc_info` out of the event."""
    given = event.pop("exc_info", None)
    if isinstance(given, BaseException):
        return given
    if isinstance(given, tuple):
        return given[1] if isinstance(given[1], BaseException) else None
    return sys.exc_info()[1] if given else None


def _own_words(error: BaseException) -> str | None:
    if not _is_ours(error):
        return None
    message = str(error)
    # What a plugin raised is told to its operator in a sentence of ours that ends with the plugin's own words.
    for words in sorted(_foreign_words(error), key=len, reverse=True):
        message = message.replace(words, "…")
    return message


def _is_ours(error: BaseException) -> bool:
    return isinstance(error, C360Error) or type(error).__module__.partition(".")[0] in _OURS


def _foreign_words(error: BaseException) -> set[str]:
    """What the exceptions say that it came from, as far back as Python knows, where they are not ours."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    found: set[str] = set()
    while waiting:
        at = waiting.pop()
        if at is None or id(at) in seen:
            continue
        seen.add(id(at))
        waiting += [at.__cause__, at.__context__]
        if not _is_ours(at) and str(at):
            found.add(str(at))
    return found


def _frames(error: BaseException) -> tuple[Frame, ...]:
    found = traceback.extract_tb(error.__traceback__, limit=-_MOST_FRAMES)
    return tuple(Frame(_short(frame.filename), frame.lineno or 0, frame.name) for frame in found)


def _place(frame: Frame) -> str:
    return f"{frame.file}:{frame.line} in {frame.function}"


@cache
def _short(file: str) -> str:
    """The file's path from the folder that it is imported from."""
    homes = [path for path in sys.path if path and file.startswith(path.rstrip("/") + "/")]
    return str(Path(file).relative_to(max(homes, key=len))) if homes else file
