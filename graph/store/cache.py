"""Where caches lie: in an embedded store's own folder, otherwise under C360_CACHE or in the user's cache folder."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from graph.store.driver import Store
from graph.store.settings import StoreSettings


def cache_folder(store: Store, name: str, store_id: str) -> Path:
    """The folder of the cache `name` of the graph `store_id`."""
    if store.kind == "embedded":
        folder = StoreSettings(store.uri).embedded_path
        assert folder is not None
        return folder / name / store_id
    return cache_home(os.environ) / name / store_id


def cache_home(environment: Mapping[str, str]) -> Path:
    """Where caches lie that are no store's own: C360_CACHE, or the user's cache folder."""
    if chosen := environment.get("C360_CACHE"):
        return Path(chosen).expanduser()
    user = environment.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(user).expanduser() / "c360"
