"""Commands that are imported when they are asked for: `c360 link` does not wait for what `c360 serve` needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from importlib import import_module
from typing import Any, ClassVar

import typer
from typer.core import TyperGroup


class LateGroup(TyperGroup):
    """A group of commands that other modules hang on; help lists them in the order of `modules`."""

    modules: ClassVar[Mapping[str, str]]
    """The module of each command; its `hang_on(app)` registers the command, and may register others."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = _Commands(self.modules)

    def list_commands(self, ctx: Any) -> list[str]:
        return list(self.commands)


class _Commands(MutableMapping[str, Any]):
    def __init__(self, modules: Mapping[str, str]) -> None:
        self._modules = modules
        self._made: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._made:
            self._made[name] = _imported(name, self._modules[name])
        return self._made[name]

    def __setitem__(self, name: str, command: Any) -> None:
        self._made[name] = command

    def __delitem__(self, name: str) -> None:
        del self._made[name]

    def __contains__(self, name: object) -> bool:
        return name in self._made or name in self._modules

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys((*self._modules, *self._made)))

    def __len__(self) -> int:
        return len(self._made.keys() | self._modules.keys())


def _imported(name: str, module: str) -> Any:
    # A callback makes a group of it, also when the module hangs on a single command.
    app = typer.Typer(callback=lambda: None, rich_markup_mode="rich")
    import_module(module).hang_on(app)
    group: Any = typer.main.get_command(app)
    return group.commands[name]
