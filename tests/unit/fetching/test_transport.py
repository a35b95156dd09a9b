from __future__ import annotations

import pytest

from jikim.config import Fetching
from jikim.errors import FetchFailed
from jikim.fetching.address import Reach, parse
from jikim.fetching.transport import Deadline, Transport


@pytest.fixture
def transport(site):
    settings = Fetching(loopback_allowed=(site.authority,))
    opened = Transport(settings, Reach(settings.loopback_allowed))
    yield opened
    opened.close()


def test_nothing_is_asked_when_the_time_is_over_before_it_begins(site, transport):
    with (
        pytest.raises(FetchFailed) as raised,
        transport.open(parse(site.url("/a")), [], deadline=Deadline(-1.0), limit_bytes=100),
    ):
        pass
    assert raised.value.key == "fetching.too_slow"
    assert site.asked == []


def read_past(deadline, transport, target):
    with transport.open(target, [], deadline=deadline, limit_bytes=8 * 2**20) as exchange:
        pieces = exchange.body(8 * 2**20)
        assert next(pieces)
        deadline.forgive(-120.0)
        list(pieces)


def test_nothing_more_is_read_when_the_time_is_over_in_between(site, page, transport):
    site.pages["/a"] = page(bytes(4 * 2**20))
    with pytest.raises(FetchFailed) as raised:
        read_past(Deadline(60.0), transport, parse(site.url("/a")))
    assert raised.value.key == "fetching.too_slow"


def test_waiting_for_a_turn_does_not_count():
    deadline = Deadline(10.0)
    before = deadline.remaining_s()
    deadline.forgive(100.0)
    assert deadline.remaining_s() > before + 90.0
