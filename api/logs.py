"""Where what c360 logs goes: a line for people, or a JSON object for programs, each with the request or sync it is of.

Personal data is never logged: no value of a request, of an answer, or of a record.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Literal

import orjson
import structlog
import uuid_utils
from structlog.typing import EventDict, Processor, WrappedLogger

from api.logged_errors import as_lines, as_objects, with_safe_words
from api.server_error import ServerError

LogFormat = Literal["human", "json"]
_OF_LIBRARIES = ("uvicorn.error", "asyncio", "opentelemetry", "stamina")
"""Who else tells what went wrong in this process, with exceptions that nobody of ours has seen before."""
_REQUEST: ContextVar[str | None] = ContextVar("request", default=None)
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._:-]{8,64}")


def log_format(environment: Mapping[str, str] | None = None) -> LogFormat:
    """C360_LOG; raises ServerError for another word than human or json."""
    said = (os.environ if environment is None else environment).get("C360_LOG", "").strip() or "human"
    if said in ("human", "json"):
        return "human" if said == "human" else "json"
    raise ServerError(f"C360_LOG must be human or json; not {said[:20]!r}.")


def set_up_logging(say: Callable[[str], None], *, verbose: bool = False, form: LogFormat = "human") -> None:
    """Warnings and worse of c360 go to `say`, a line each; with `verbose` everything that it logs."""
    known = _known(form)
    _take_what_goes_through_structlog(known)
    lines = _Lines(say, _formatter(form, known))
    logger = logging.getLogger("c360")
    logger.setLevel(logging.DEBUG if verbose else logging.WARNING)
    logger.handlers[:] = [lines]
    logger.propagate = False
    for name in _OF_LIBRARIES:
        logging.getLogger(name).setLevel(logging.WARNING)
        logging.getLogger(name).handlers[:] = [lines]


class RequestLogged:
    """Until the end every line tells the request's id: the one it came with, where it can be one, or a new one.

    A class and no generator, because every request pays for it.
    """

    __slots__ = ("_before", "_id")

    def __init__(self, headers: list[tuple[bytes, bytes]]) -> None:
        given = next((value for name, value in headers if name == b"x-request-id"), b"")
        self._id = given if _REQUEST_ID.fullmatch(given) else str(uuid_utils.uuid7()).encode()

    def __enter__(self) -> bytes:
        self._before = _REQUEST.set(self._id.decode())
        return self._id

    def __exit__(self, *_: object) -> None:
        _REQUEST.reset(self._before)


class _Lines(logging.Handler):
    def __init__(self, say: Callable[[str], None], formatter: logging.Formatter) -> None:
        super().__init__()
        self.setFormatter(formatter)
        self._say = say

    def emit(self, record: logging.LogRecord) -> None:
        self._say(self.format(with_safe_words(record)))


def _known(form: LogFormat) -> list[Processor]:
    """What is added to a line, whoever wrote it."""
    added: list[Processor] = [structlog.contextvars.merge_contextvars, _of_its_request, structlog.stdlib.add_log_level]
    if form == "json":
        added += [structlog.stdlib.add_logger_name, structlog.processors.TimeStamper("iso", utc=True)]
    return added


def _of_its_request(_: WrappedLogger, __: str, line: EventDict) -> EventDict:
    request = _REQUEST.get()
    return line if request is None else {"request": request, **line}


def _take_what_goes_through_structlog(known: list[Processor]) -> None:
    """stamina tells of retries through structlog, which would print them between the answers of a command."""
    structlog.configure(
        processors=[*known, _told_of_a_retry, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
    )


def _told_of_a_retry(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """What is tried again, without the words of its error: those may quote what a source answered."""
    if event["event"] == "stamina.retry_scheduled":
        for name in ("callable", "args", "kwargs", "waited_so_far"):
            event.pop(name, None)
        why, wait, number = (event.pop(name) for name in ("caused_by", "wait_for", "retry_num"))
        event["event"] = f"tried again in {wait:g} s, for the {number}. time: {why.partition('(')[0]}"
    return event


def _formatter(form: LogFormat, known: list[Processor]) -> logging.Formatter:
    ending: list[Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if form == "human":
        ending.append(_line)
    else:
        ending += [as_objects, structlog.processors.JSONRenderer(lambda value, **_: _as_json(value))]
    return structlog.stdlib.ProcessorFormatter(foreign_pre_chain=known, processors=ending)


def _as_json(value: object) -> str:
    return orjson.dumps(value, default=str).decode()


def _line(_: WrappedLogger, __: str, event: EventDict) -> str:
    """`warning: what happened (request=…)`, as it has always been, with what it is of; below it where it went wrong."""
    level, text, where = event.pop("level"), event.pop("event"), as_lines(event)
    about = " ".join(f"{name}={value}" for name, value in event.items())
    return f"{level}: {text}" + (f" ({about})" if about else "") + where
