"""Work on parts of an array on several threads: NumPy, Arrow and rapidfuzz let another one run meanwhile."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain, islice
from typing import TypeVar

Part = TypeVar("Part")
Result = TypeVar("Result")

_MOST_THREADS = 4


def abreast(work: Callable[[Part], Result], parts: Iterable[Part]) -> Iterator[Result]:
    """The results in the order of the parts, as of `map`; as many parts are held at once as threads work, and one more.

    The parts themselves are made on the caller's thread, one after the other. Errors are raised where their result
    would be given.
    """
    threads = min(
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1, _MOST_THREADS
    )
    if threads < 2:
        yield from map(work, parts)
        return
    parts = iter(parts)
    first = list(islice(parts, 2))
    if len(first) < 2:
        yield from map(work, first)
        return
    with ThreadPoolExecutor(threads) as pool:
        begun: deque[Future[Result]] = deque()
        for part in chain(first, parts):
            begun.append(pool.submit(work, part))
            if len(begun) > threads:
                yield begun.popleft().result()
        while begun:
            yield begun.popleft().result()
