"""How long things stay, against figures that others published; and what pages show of it."""

from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from jikim_desk.accounts.models import Role
from jikim_desk.figures.survival import kaplan_meier
from jikim_desk.notices import clocks
from jikim_desk.notices.models import Host, Recheck, Removal, RemovalState, Seen
from tests.desk.removals import begun

WEEKS = (6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35)
"""Weeks of remission under 6-mercaptopurine (Freireich and others, 1963), and who relapsed."""
RELAPSED = (1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0)


def test_the_estimate_is_that_of_the_textbooks():
    curve = kaplan_meier(WEEKS, np.array(RELAPSED, dtype=bool))
    assert curve.times.tolist() == [6, 7, 10, 13, 16, 22, 23]
    assert curve.at_risk.tolist() == [21, 17, 15, 12, 11, 7, 6]
    assert np.round(curve.share, 3).tolist() == [0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448]
    assert [curve.left(time) for time in (0, 6, 6.5, 35, 36)] == [21, 21, 17, 1, 0]
    assert (round(float(curve.low[0]), 3), round(float(curve.high[0]), 3)) == (0.620, 0.952)
    assert (curve.count, curve.ended, curve.median) == (21, 9, 23.0)
    assert curve.at(5.9) == (1.0, 1.0, 1.0)
    assert curve.at(100)[0] == pytest.approx(0.448, abs=0.001)


def test_nothing_and_everything_have_their_curve():
    assert kaplan_meier([], []).at(3) == (1.0, 1.0, 1.0)
    still = kaplan_meier([1, 2], [False, False])
    assert (still.at(9), still.median) == ((1.0, 1.0, 1.0), None)
    over = kaplan_meier([1, 2, 3], [True, True, True])
    assert over.share.tolist() == pytest.approx([2 / 3, 1 / 3, 0.0])
    assert over.low[-1] == 0.0
    assert over.high[-1] == over.high[-2]
    for lengths, ended in (([-1.0], [True]), ([1.0], []), ([np.inf], [True])):
        with pytest.raises(ValueError, match="length"):
            kaplan_meier(lengths, ended)


@given(st.lists(st.tuples(st.floats(0, 1e4), st.booleans()), max_size=60))
def test_the_share_lies_in_its_interval_and_is_that_of_the_whole_where_all_ended(watched):
    curve = kaplan_meier([length for length, _ in watched], [ended for _, ended in watched])
    assert np.all(np.diff(curve.share) <= 1e-12)
    assert np.all((curve.low <= curve.share + 1e-9) & (curve.share <= curve.high + 1e-9))
    assert np.all((curve.low >= 0) & (curve.high <= 1))
    everything = kaplan_meier([length for length, _ in watched], [True] * len(watched))
    for time, share in zip(everything.times, everything.share, strict=True):
        assert share == pytest.approx(sum(length > time for length, _ in watched) / len(watched), abs=1e-9)


@pytest.fixture
def watched(team, person):
    """Twelve finds, of which three are gone a day after the notice; the others were last seen seven days after it."""
    notified = timezone.now() - timedelta(days=30)
    for number in range(12):
        removal = begun(team, person, f"n{number}")
        is_gone = number % 4 == 0
        seen_at = notified + timedelta(days=1 if is_gone else 7)
        Recheck.objects.create(removal=removal, at=seen_at, vantage="here", seen=Seen.STILL_THERE, proof_sealed=b"")
        state = RemovalState.GONE if is_gone else RemovalState.OPEN
        Removal.objects.filter(pk=removal.pk).update(notified_at=notified, gone_at=seen_at if is_gone else None, state=state)
    return Removal.objects.first()


def test_what_is_still_there_counts_until_it_was_last_visited(watched, team):
    (every, of_class) = clocks.stays(clocks.newest([team.pk]))
    assert (every.host_class, of_class.host_class) == ("", clocks.UNKNOWN)
    assert (every.curve.count, every.curve.ended, every.watched_days) == (12, 3, 1.0)
    assert every.curve.at(2)[0] == pytest.approx(0.75)
    assert (every.after(1)[0], every.after(2), every.after(2, 9)[0]) == pytest.approx((0.75, None, 0.75))
    host = Host(ref=watched.candidate.host_ref, changed_at=timezone.now(), is_hostile=True)
    host.name = "board.example"
    host.save()
    assert [one.host_class for one in clocks.stays(clocks.newest([team.pk]))] == ["", clocks.HOSTILE]
    assert clocks.newest([team.pk + 1]) == []


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_the_figures_draw_the_clocks_and_the_curve_with_their_numbers(watched, signed_in, lang):
    client = signed_in(Role.LEAD)
    page = client.get("/figures/", headers={"accept-language": lang}).content.decode()
    assert page.count('class="plot"') >= 3
    assert 'class="line" points=' in page
    assert "75%" in page
    assert {"ko": "얼마나 남아 있나", "en": "How long finds stay"}[lang] in page
    assert len(page.encode()) < 60_000
