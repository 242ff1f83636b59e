"""Where the value of a setting stands: in plugins.toml itself, in a variable, or in a file of its own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from connectors.errors import PluginConfigError


def filled_value(
    path: Path, section: str, key: str, value: Any, variables: Mapping[str, str], secret_keys: set[str], top: str
) -> Any:
    """The value with `{ env = … }` and `{ file = … }` replaced by what they point to."""
    if isinstance(value, list):
        return [
            filled_value(path, section, f"{key}[{index}]", item, variables, secret_keys, top)
            for index, item in enumerate(value)
        ]
    if not isinstance(value, dict):
        return value
    if set(value) in ({"env"}, {"file"}) and all(isinstance(item, str) for item in value.values()):
        secret_keys.add(top)
        if "env" in value:
            return _from_variable(path.name, section, key, value["env"], variables)
        return _from_file(path, section, key, value["file"])
    return {
        name: filled_value(path, section, f"{key}.{name}", item, variables, secret_keys, top)
        for name, item in value.items()
    }


def _from_variable(file: str, section: str, key: str, name: str, variables: Mapping[str, str]) -> str:
    if variables.get(name):
        return variables[name]
    override = variable_name(section, key)
    if variables.get(override):
        return variables[override]
    looked = " and ".join(f"the variable {each} ({how_it_stands(each, variables)})" for each in (name, override))
    raise PluginConfigError(f"{file}: [{section}] {key}: nothing found. Looked for: {looked}. Set one of them.")


def how_it_stands(name: str, variables: Mapping[str, str]) -> str:
    """Whether a variable is empty or not set at all."""
    return "is empty" if name in variables else "is not set"


def _from_file(path: Path, section: str, key: str, name: str) -> str:
    place = path.parent / name
    try:
        secret = place.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise PluginConfigError(f"{path.name}: [{section}] {key}: the file {place} cannot be read: {reason}.") from None
    if not secret:
        raise PluginConfigError(f"{path.name}: [{section}] {key}: the file {place} is empty.")
    return secret


def variable_name(section: str, key: str) -> str:
    """The variable that stands for a key of a section: `C360_CRM_ACCESS_TOKEN`."""
    return "C360_" + re.sub(r"[^A-Z0-9]+", "_", f"{section}_{key}".upper()).strip("_")
