"""Examples under each command's help."""

from __future__ import annotations


def examples(*lines: str) -> str:
    """An epilog of commands, each on its line."""
    escaped = (line.replace("[", r"\[") for line in lines)
    return "\n\n".join(["[dim]Examples[/]", *(f"  [bold]{line}[/]" for line in escaped)])
