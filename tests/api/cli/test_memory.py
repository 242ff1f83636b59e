"""What c360 asks of the allocators."""

from __future__ import annotations

import os
import subprocess
import sys

PROGRAM = """
from api.cli import main
main.app = lambda: None
main.run()
import pyarrow
print(pyarrow.default_memory_pool().backend_name)
"""


def test_arrow_gives_memory_back() -> None:
    """A process of c360 has Arrow use the system's allocator, unless the environment says otherwise."""
    bare = {name: value for name, value in os.environ.items() if name != "ARROW_DEFAULT_MEMORY_POOL"}

    def used(environment: dict[str, str]) -> str:
        return subprocess.check_output([sys.executable, "-c", PROGRAM], env=environment, text=True).strip()

    assert used(bare) == "system"
    assert used({**bare, "ARROW_DEFAULT_MEMORY_POOL": "mimalloc"}) == "mimalloc"
