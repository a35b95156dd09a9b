"""Films of one place that have no second in common, and leads that a closer look must not lose."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from drawn_films import film, known, room

from jikim.copies.bank_items import BankSettings, NewItem
from jikim.copies.comparison import compare_items
from jikim.copies.matching import Match, Matcher
from jikim.copies.store import create_bank
from jikim.copies.verification import Relation, compare_pictures

LENGTH_S = 3.2


def _table(at_s: float, *, shelf: int, toys: int) -> np.ndarray:
    """A shelf at the left that stands still, and beside it toys that are other ones at every moment."""
    return np.hstack([room(shelf, 84), room(100 * toys + int(at_s / 0.4), 396)])


def _item(shelf: int, toys: int):
    return known(lambda at: _table(at, shelf=shelf, toys=toys), LENGTH_S, 0.4, f"{shelf} {toys}")


def _seen(shelf: int, toys: int, length_s: float = LENGTH_S):
    return film(lambda at: _table(at, shelf=shelf, toys=toys), length_s, 0.4, name="seen")


def test_what_stands_still_in_a_corner_is_too_little_for_one_pair_of_frames():
    query, item = _seen(1, 2).frames[0], _item(1, 3).frames[0]
    assert compare_pictures(query, item).relation is Relation.NONE


def test_three_moments_with_the_same_corner_are_one_scene():
    found = compare_items(_seen(1, 2), _item(1, 3))
    assert found
    assert found.relation is Relation.SAME_SCENE
    assert found.best
    assert not found.is_by_sound
    assert found.segments


@pytest.mark.parametrize(("shelf", "length_s"), [(9, LENGTH_S), (1, 0.8)], ids=["another shelf", "two moments"])
def test_another_shelf_or_too_few_moments_say_nothing(shelf: int, length_s: float):
    assert compare_items(_seen(shelf, 2, length_s), _item(1, 3)) is None


def test_what_a_closer_look_tells_no_more_stays_a_lead_while_it_is_known(tmp_path: Path):
    with create_bank(tmp_path, "tables", BankSettings()) as bank:
        bank.add(NewItem(_item(5, 6), "a table"))
        (facts,) = bank.items()
        first = Match("tables", facts.id, "a table", 0.9, "copy", 1.0, 1.0, (), "none", (1.0,))
        other = _seen(7, 8)
        assert Matcher([bank]).match(other) == []
        (lead,) = Matcher([bank]).match(other, [first])
        assert (lead.item, lead.relation, lead.unsure_s) == (facts.id, "same_scene", ())
        (again,) = Matcher([bank]).match(_seen(5, 6), [lead])
        assert again.relation == "copy"
        bank.remove(facts.number)
        assert Matcher([bank]).match(other, [first]) == []
