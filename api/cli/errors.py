"""What a failure is to the shell: a sentence and an exit code, never a traceback (unless --verbose asks for it).

2: the call or the configuration must be changed. 1: it failed. 130: Ctrl-C. 143: SIGTERM.
"""

from __future__ import annotations

import errno
import traceback

from api.cli.invocation import Invocation, Terminated, UsageProblem
from api.logged_errors import words_of
from api.server_error import ServerError
from connectors.errors import C360Error, PluginConfigError
from graph.linkage.rules import LinkageError
from graph.rules import RulesError

FAILURE = 1
USAGE = 2
INTERRUPTED = 130
TERMINATED = 143


def explain(error: BaseException, invocation: Invocation) -> int:
    """Say what went wrong; returns the exit code."""
    if isinstance(error, KeyboardInterrupt):
        invocation.say("Stopped. What was stored stays, and the next `c360 sync` goes on from there.")
        return TERMINATED if isinstance(error, Terminated) else INTERRUPTED
    if invocation.verbose:
        invocation.err.print("".join(traceback.format_exception(error)), markup=False)
    invocation.err.print(f"[bold red]error:[/] {_escaped(_sentence(error))}")
    return USAGE if _is_to_be_changed(error) else FAILURE


def _is_to_be_changed(error: BaseException) -> bool:
    # Imported only now: it brings the graph's drivers along, which most calls do not need.
    from api.outgoing.settings import OutgoingError
    from api.outgoing.webhook import NotDelivered
    from graph.ask import QuestionError

    if isinstance(error, OutgoingError):
        return not isinstance(error, NotDelivered)
    return isinstance(error, PluginConfigError | RulesError | QuestionError | ServerError | UsageProblem)


def _sentence(error: BaseException) -> str:
    if isinstance(error, C360Error | LinkageError):
        return str(error)
    if isinstance(error, OSError):
        return _of_the_system(error)
    # Not its own words: they may quote a customer's address, and what is said here may be kept in a log.
    return (
        f"c360 failed where it should not: {words_of(error)}. Run it again with `c360 --verbose …` to see the way "
        "there and the error's own words (they may quote a customer), and tell us."
    )


def _of_the_system(error: OSError) -> str:
    place = f"{error.filename}: " if error.filename else ""
    what = f"{place}{error.strerror or error}."
    remedies = {
        errno.ENOSPC: "Free some space; what was stored stays, and the same command goes on from there.",
        errno.EDQUOT: "Free some space; what was stored stays, and the same command goes on from there.",
        errno.EACCES: "Give this user the right to it, or name another place.",
        errno.EPERM: "Give this user the right to it, or name another place.",
        errno.EROFS: "Name a place that can be written.",
        errno.ENOENT: "Check the spelling, or create it first.",
        errno.ENOTDIR: "Name a folder.",
        errno.EISDIR: "Name a file.",
        errno.EADDRINUSE: "Another program listens there: stop it, or choose another --port.",
    }
    return f"{what} {remedies.get(error.errno or 0, '')}".strip()


def _escaped(text: str) -> str:
    return text.replace("[", r"\[")
