"""Hooks of plugins, each called on its own: in a thread, with a time limit, and told by name when it fails.

A thread that takes too long cannot be ended: it is left behind, and what it does is not waited for. Memory that a
plugin takes, and a process that it ends with os._exit, are not contained.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from connectors.errors import PluginLoadError, SourceError

T = TypeVar("T")

HOOK_SECONDS = 60.0
"""So long one call of a hook may take."""


class HookFailed(SourceError):
    """A plugin's hook raised, took too long, or wanted to end the process; the text names plugin and hook."""


@dataclass(frozen=True, slots=True)
class Hook:
    """One plugin's implementation of a hook; `takes` are the arguments it wants of those there are."""

    plugin: str
    name: str
    function: Callable[..., Any]
    takes: tuple[str, ...]

    async def call(self, arguments: Mapping[str, Any], seconds: float | None = None) -> Any:
        """What it returns; raises HookFailed."""
        given = {name: arguments[name] for name in self.takes}
        return await self.run(lambda: self.function(**given), seconds)

    async def run(self, work: Callable[[], Any], seconds: float | None = None) -> Any:
        """Run what calls it, perhaps many times, in a thread of its own; raises HookFailed."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Any] = loop.create_future()

        def end(value: Any, error: BaseException | None) -> None:
            if done.done():
                return  # nobody waits for it any more
            if error is None:
                done.set_result(value)
            else:
                done.set_exception(self._failed(error))

        def story() -> None:
            value, error = None, None
            try:
                value = work()
            except BaseException as raised:  # whatever it is, sys.exit among it, it ends this thread alone
                error = raised
            try:
                loop.call_soon_threadsafe(end, value, error)
            except RuntimeError:
                return  # the loop is gone, and with it whoever asked

        # A daemon: a hook that never returns does not keep the process.
        threading.Thread(target=story, name=f"hook {self.plugin}", daemon=True).start()
        limit = HOOK_SECONDS if seconds is None else seconds
        try:
            async with asyncio.timeout(limit):
                return await done
        except TimeoutError:
            raise HookFailed(f"the plugin {self.plugin!r} took more than {limit:g} s in {self.name}.") from None

    def _failed(self, error: BaseException) -> HookFailed:
        if isinstance(error, SystemExit):
            return HookFailed(f"the plugin {self.plugin!r} called sys.exit({error.code!r}) in {self.name}.")
        failed = HookFailed(f"the plugin {self.plugin!r} failed in {self.name}: {type(error).__name__}: {error}")
        failed.__cause__ = error
        return failed


def loaded_in_time(work: Callable[[], T], doing: str) -> T:
    """What `work`, a part of loading a plugin, gives in a thread of its own; raises what it raises.

    PluginLoadError when it takes too long, or wants to end the process: then it is left behind.
    """
    values: list[T] = []
    errors: list[BaseException] = []

    def story() -> None:
        try:
            values.append(work())
        except BaseException as raised:
            errors.append(raised)

    thread = threading.Thread(target=story, name="load a plugin", daemon=True)
    thread.start()
    thread.join(HOOK_SECONDS)
    if values:
        return values[0]
    if not errors:
        raise PluginLoadError(f"it took more than {HOOK_SECONDS:g} s {doing}.")
    if isinstance(errors[0], Exception):
        raise errors[0]
    raise PluginLoadError(f"{type(errors[0]).__name__}: {errors[0]}".rstrip(": "))
