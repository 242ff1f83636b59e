"""The benchmark of syncs measures what we ship."""

from __future__ import annotations

from pathlib import Path

from benchmarks.sync import FLAGS, HEAP, PAGE_CACHE

COMPOSED = Path(__file__).parents[2] / "docker-compose.yml"


def test_the_neo4j_that_is_measured_is_set_up_as_the_one_that_is_shipped() -> None:
    """Its memory and the flags of its Java are those of docker-compose.yml."""
    lines = [line.strip() for line in COMPOSED.read_text(encoding="utf-8").splitlines()]

    assert f'NEO4J_server_memory_heap_initial__size: "${{C360_NEO4J_HEAP:-{HEAP}}}"' in lines
    assert f'NEO4J_server_memory_heap_max__size: "${{C360_NEO4J_HEAP:-{HEAP}}}"' in lines
    assert f'NEO4J_server_memory_pagecache_size: "${{C360_NEO4J_PAGECACHE:-{PAGE_CACHE}}}"' in lines
    assert f'NEO4J_server_jvm_additional: "{" ".join(FLAGS)}"' in lines
