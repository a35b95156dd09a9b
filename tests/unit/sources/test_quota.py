"""A day's requests, spent evenly and counted across runs."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from jikim.commands.metering import MeteredFetcher
from jikim.errors import FetchRefused, QuotaUsed
from jikim.sources.quota import AT_ONCE, Quota
from jikim.state import State
from jikim.sweep import state_of
from jikim.types import SourceState

DAY = Quota(100, "Asia/Seoul")


def test_a_quarter_is_free_at_midnight_and_all_at_its_end():
    midnight = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)  # 00:00 in Seoul
    assert DAY.day(midnight) == date(2026, 11, 23)
    assert DAY.day(midnight - timedelta(seconds=1)) == date(2026, 11, 22)
    assert DAY.free_by(midnight) == 100 * AT_ONCE
    assert DAY.free_by(midnight + timedelta(hours=12)) == 62
    assert DAY.free_by(midnight - timedelta(seconds=1)) == 99


@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)), st.integers(1, 100_000))
def test_what_is_free_never_passes_the_day_and_never_shrinks_in_it(now, requests):
    quota = Quota(requests, "America/Los_Angeles")
    hours = [now + timedelta(hours=step) for step in range(24)]
    assert all(0 <= quota.free_by(hour) <= requests for hour in hours)
    for before, after in pairwise(hours):
        if quota.day(before) == quota.day(after):
            assert quota.free_by(before) <= quota.free_by(after)


def ask(metered, times):
    """How many of the searches were sent before the quota said no, and what it said."""
    for sent in range(times):
        try:
            metered.get(f"https://p.example/search?{sent}")
        except QuotaUsed as error:
            return sent, error
    return times, None


def test_what_is_used_up_is_refused_before_anything_is_sent(tmp_path, recorded):
    fetcher = recorded({f"https://p.example/search?{n}": b"{}" for n in range(10)} | {"https://p.example/videos": b"{}"})
    quota = Quota(4, "UTC", "/search")
    with State.open(tmp_path) as state:
        metered = MeteredFetcher(fetcher, state, "tube", quota)
        sent, error = ask(metered, 10)
        assert 1 <= sent <= 4
        assert len(fetcher.asked) == sent
        metered.get("https://p.example/videos")
    assert isinstance(error, FetchRefused)
    assert state_of(error) is SourceState.LIMITED
    with State.open(tmp_path) as state:
        assert ask(MeteredFetcher(fetcher, state, "tube", Quota(sent, "UTC", "/search")), 1)[0] == 0
