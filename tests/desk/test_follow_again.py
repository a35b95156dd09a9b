"""Following a find goes on from the looks that were taken: with a real platform and real looking processes."""

import asyncio
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from jikim.commands.places import opened
from jikim.practice.server import PracticeServer
from jikim.practice.world import load_world
from jikim.scan import Look
from jikim.sources.keywords import keyword
from jikim.sweep import House, Turns, follow
from jikim.workers import Workers
from jikim_desk.config import jikim_config
from jikim_desk.sealing import vault
from jikim_desk.sweeping import sound
from tests.flow.harness import drawing


class Counting(Workers):
    """Looking processes that say what they were asked to do."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.jobs = Counter()

    async def run(self, job, *args):
        self.jobs[job.__name__] += 1
        return await super().run(job, *args)


@pytest.fixture
def platform(tmp_path):
    drawing("one").save(tmp_path / "one.png")
    (tmp_path / "items.tsv").write_text("file\ttitle\ttext\tcue\none.png\t축제 그림\t등불을 그렸습니다\t\n", "utf-8")
    with PracticeServer(load_world(tmp_path), vault().practice_key()) as server:
        yield server


def test_a_look_that_was_taken_is_not_taken_again(platform):
    config = jikim_config()
    with (
        opened(config, [f"practice={platform.origin}"]) as (place,),
        Counting(config, ["sensitive", "youth_language"], count=1) as looking,
        ThreadPoolExecutor(2) as fetching,
    ):
        (candidate,) = place.source.search(keyword("축제", None), None, 10)

        def go(looks):
            told = []

            async def run():
                house = House(looking, fetching, Turns(2), asyncio.get_running_loop().time() + 300)
                await follow(candidate, place, house, told.append, looks)

            before = looking.jobs.copy()
            asyncio.run(run())
            return told[-1], looking.jobs - before

        looks: dict[str, list[Look]] = {}
        first, jobs = go(looks)
        assert jobs["read"] == 1
        assert jobs["look_at_blob"] >= 1
        kept = msgspec.json.decode(msgspec.json.encode(sound(looks)), type=dict[str, list[Look]])
        again, none = go(kept)
        assert none == Counter()
        assert again.assessment == first.assessment
        assert again.look.cues == first.look.cues
        half = {"words": kept["words"]}
        third, rest = go(half)
        assert rest == Counter({"look_at_blob": jobs["look_at_blob"]})
        assert third.assessment.score == pytest.approx(first.assessment.score)
