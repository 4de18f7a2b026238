from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from lab.context import Generations
from lab.edge.cache import GenerationCache


class Source:
    def __init__(self) -> None:
        self.reads = 0

    def read(self) -> int:
        self.reads += 1
        return self.reads


def test_a_value_is_kept_until_its_service_is_written_to() -> None:
    generations, source = Generations(), Source()

    async def values() -> list[int]:
        with ThreadPoolExecutor(1) as executor:
            cache: GenerationCache[int] = GenerationCache(generations, ("apigateway", "elbv2"), executor)
            found = [await cache.get("key", source.read), await cache.get("key", source.read)]
            generations.bump("logs")
            found.append(await cache.get("key", source.read))
            generations.bump("elbv2")
            found.append(await cache.get("key", source.read))
            return [*found, await cache.get("other", source.read)]

    assert asyncio.run(values()) == [1, 1, 1, 2, 3]


def test_what_is_not_worth_keeping_is_read_again() -> None:
    source = Source()

    async def values() -> list[int]:
        with ThreadPoolExecutor(1) as executor:
            cache: GenerationCache[int] = GenerationCache(Generations(), ("apigateway",), executor)
            return [await cache.get("key", source.read, keep=lambda value: value >= 3) for _ in range(5)]

    assert asyncio.run(values()) == [1, 2, 3, 3, 3]


def test_all_who_wait_for_a_value_share_one_reading() -> None:
    source = Source()

    async def values() -> list[int]:
        with ThreadPoolExecutor(4) as executor:
            cache: GenerationCache[int] = GenerationCache(Generations(), ("apigateway",), executor)
            return list(await asyncio.gather(*(cache.get("key", source.read) for _ in range(10))))

    assert asyncio.run(values()) == [1] * 10


def test_a_write_during_a_reading_makes_it_old() -> None:
    generations, source = Generations(), Source()

    def read_while_somebody_writes() -> int:
        generations.bump("apigateway")
        return source.read()

    async def values() -> list[int]:
        with ThreadPoolExecutor(1) as executor:
            cache: GenerationCache[int] = GenerationCache(generations, ("apigateway",), executor)
            return [await cache.get("key", read_while_somebody_writes), await cache.get("key", source.read)]

    assert asyncio.run(values()) == [1, 2]
