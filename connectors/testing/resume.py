"""Is nothing lost when a sync is killed after any of its pages?"""

from __future__ import annotations

from connectors.testing.contract import ContractBroken
from connectors.testing.reading import Make, Reading, read_all


async def check_resume(make: Make, *, pages: int = 20) -> int:
    """Read on from the state after each of the first `pages` pages of each stream, as the sync does after a kill.

    How many places were tried. Raises ContractBroken when a record comes neither before a state nor after it.
    """
    whole = await read_all(make)
    _expect_good(whole)
    broken: list[str] = []
    tried = 0
    for stream, states in whole.states.items():
        alone = await read_all(make, only=stream)
        for number, state in enumerate(states[:pages], 1):
            tried += 1
            before = await _first_pages(make, stream, number)
            after = await read_all(make, only=stream, state=state)
            _expect_good(after)
            lost = sorted(alone.records.keys() - before.keys() - after.records.keys())
            if lost:
                where = f"{stream}: after a kill behind page {number}"
                broken.append(f"{where} {len(lost)} records are lost, e.g. {lost[0]}.")
    if broken:
        raise ContractBroken("\n".join(broken))
    return tried


def _expect_good(reading: Reading) -> None:
    problem = reading.mistake or reading.error
    if problem is not None:
        raise ContractBroken(f"it cannot be read in peace: {type(problem).__name__}: {problem}")


async def _first_pages(make: Make, stream_name: str, number: int) -> dict[str, object]:
    """The records of the first pages, then the connector is let go of."""
    reading, connector = Reading(), make()
    try:
        for stream in await connector.discover():
            if stream.name != stream_name:
                continue
            count = 0
            async for page in connector.read(stream, None):
                for raw in page.raws:
                    reading.keep(connector, stream, raw)
                count += 1
                if count >= number:
                    break
    finally:
        await connector.close()
    return reading.records
