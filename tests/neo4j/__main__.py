"""Run a Neo4j in the foreground until Ctrl-C: `python -m tests.neo4j FOLDER`, or `--temporary`."""

from __future__ import annotations

import contextlib
import signal
import sys
from pathlib import Path

from tests.neo4j.server import Neo4jMissing, running_neo4j


def main(folder: str) -> int:
    try:
        with running_neo4j(None if folder == "--temporary" else Path(folder).absolute()) as neo4j:
            print(f"export C360_STORE={neo4j.uri}")
            print(f"export C360_STORE_USER={neo4j.user}")
            print(f"export C360_STORE_PASSWORD_FILE={neo4j.home / 'password'}")
            print(f"# answered after {neo4j.start_seconds:.1f} s; Ctrl-C stops it", flush=True)
            with contextlib.suppress(KeyboardInterrupt):
                signal.pause()
    except Neo4jMissing as missing:
        print(f"No Neo4j: {missing}.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # both ways of ending it let the server close its files
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.exit(main(sys.argv[1]))
