"""Axes are monotone in every cue and move by cues alone; words make nothing urgent; only provenance makes a test."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jikim.assessing import assess
from jikim.assessing.rules import Rule, read, shipped
from jikim.provenance import fixtures
from jikim.types import AxisState, Cue, Level, Reason

share = st.floats(0.0, 1.0)


def cue(name: str, value: dict, confidence: float = 0.9, at_s: float | None = None) -> Cue:
    return Cue("m", "made_up", "1", None, name, at_s, None, value, confidence, f"cue.{name}", params_of(name, value))


def params_of(name: str, value: dict) -> dict:
    if name == "object":
        return {"label": {"message": f"object.{value['label'].replace(' ', '_')}"}}
    return value


def face(p_minor: float, *, track: int | None = None, is_certain: bool = True) -> Cue:
    age = 40 - 30 * p_minor
    value = {"age": age, "age_low": age - 5, "age_high": age + 5, "p_minor": p_minor, "p_female": 0.5}
    return cue("face", value | {"is_certain": is_certain, "track": track})


def thing(label: str, confidence: float) -> Cue:
    return cue("object", {"label": label}, confidence)


def sensitive(score: float, at_s: float | None = None) -> Cue:
    return cue("sensitive", {"score": score}, score, at_s)


CARD = next(digest for digest, name in fixtures().items() if name == "test_card.png")


def copy(bank: str, score: float = 0.99, item: str = CARD) -> Cue:
    return cue("known_copy", {"bank": bank, "item": item, "score": score, "relation": "copy", "label": "x", "edit": "-"}, score)


any_cue = st.one_of(
    st.builds(face, share, track=st.none() | st.integers(0, 2), is_certain=st.booleans()),
    st.builds(thing, st.sampled_from(["book", "teddy bear", "backpack", "tie", "bed"]), share),
    st.builds(sensitive, share),
)


def test_without_cues_both_axes_stay_at_their_prior_and_say_that_they_cannot_tell():
    found = assess("c", [])
    for name, axis in found.axes.items():
        assert axis.state is AxisState.CANNOT_TELL
        assert axis.score == shipped().axes[name].prior
        assert axis.low < axis.score < axis.high
    assert (found.level, found.reasons, found.is_test) == (Level.NONE, (), False)


def test_an_axis_moves_by_its_own_cues_only():
    found = assess("c", [sensitive(0.95)])
    assert found.axes["sexual"].score > shipped().axes["sexual"].prior
    assert found.axes["minor"].state is AxisState.CANNOT_TELL
    assert found.axes["minor"].score == shipped().axes["minor"].prior


@given(st.lists(any_cue, min_size=1, max_size=6), st.data())
def test_a_stronger_cue_never_lowers_the_score(cues, data):
    index = data.draw(st.integers(0, len(cues) - 1))
    one = cues[index]
    field = {"face": "p_minor", "sensitive": "score"}.get(one.name)
    now = one.value[field] if field else one.confidence
    more = data.draw(st.floats(now, 1.0))
    stronger = replace(one, value={**one.value, field: more}) if field else replace(one, confidence=more)
    before, after = assess("c", cues), assess("c", [*cues[:index], stronger, *cues[index + 1 :]])
    assert after.score >= before.score - 1e-12
    assert all(after.axes[name].score >= before.axes[name].score - 1e-12 for name in before.axes)


@given(st.lists(any_cue, max_size=8), st.booleans())
def test_intervals_hold_the_score_and_reasons_come_strongest_first(cues, is_test):
    found = assess("c", cues, is_test=is_test)
    assert 0.0 <= found.score <= 1.0
    assert all(0.0 <= axis.low <= axis.score <= axis.high <= 1.0 for axis in found.axes.values())
    weights = [abs(reason.weight) for reason in found.reasons]
    assert weights == sorted(weights, reverse=True)


def test_agreeing_cues_narrow_the_interval_and_disagreeing_ones_widen_it():
    def width(*scores: float) -> float:
        axis = assess("c", [sensitive(score) for score in scores]).axes["sexual"]
        return axis.high - axis.low

    assert width(0.9, 0.9, 0.9, 0.9) < width(0.9)
    assert width(0.9, 0.9, 0.36, 0.36) > width(0.9, 0.9, 0.9, 0.9)


def test_strong_agreeing_pictures_on_both_axes_are_urgent():
    strong = [*(face(0.97, track=1) for _ in range(4)), *(sensitive(0.97, at_s) for at_s in (1.0, 2.0, 3.0, 4.0))]
    assert assess("c", strong).level is Level.URGENT


@given(share, st.integers(1, 30))
def test_words_alone_never_make_anything_urgent(score, count):
    wordy = tuple(
        Rule("youth_language", axis, "score", 0.01, 50.0, 0.0, 50.0, "reason.sensitive", is_text=True)
        for axis in ("minor", "sexual")
    )
    rules = msgspec.structs.replace(shipped(), rules=wordy)
    cues = [cue("youth_language", {"score": score, "cues": []})] * count
    assert assess("c", cues, rules=rules).level is not Level.URGENT


def test_a_known_copy_is_urgent_and_its_score_stands():
    found = assess("c", [copy("case-7", 0.93)])
    assert (found.score, found.level) == (0.93, Level.URGENT)
    assert found.reasons[0].message_key == "reason.known_copy"


def test_the_same_scene_is_a_lead_and_no_copy():
    scene = replace(copy("case-7"), value={**copy("case-7").value, "relation": "same_scene"})
    assert assess("c", [scene]).level is not Level.URGENT


def test_the_test_card_counts_by_provenance_alone():
    in_a_test, elsewhere = assess("c", [copy("test")], is_test=True), assess("c", [copy("test")])
    assert in_a_test.level is Level.URGENT
    assert in_a_test.is_test
    assert in_a_test.axes["sexual"].score > 0.3
    assert not elsewhere.is_test
    assert elsewhere.score == assess("c", []).score
    assert elsewhere.axes == assess("c", []).axes
    assert [(reason.message_key, reason.weight) for reason in elsewhere.reasons] == [("reason.test_card", 0.0)]


def test_another_item_of_the_test_bank_is_a_copy_and_not_sensitive():
    clip = assess("c", [copy("test", item="0" * 64)], is_test=True)
    assert clip.level is Level.URGENT
    assert clip.axes["sexual"].state is AxisState.CANNOT_TELL


def test_nobody_hides_behind_the_test_card():
    suspicion = [*(face(0.97, track=1) for _ in range(4)), *(sensitive(0.97) for _ in range(4)), copy("case-7")]
    with_card = assess("c", [*suspicion, copy("test")])
    without = assess("c", suspicion)
    assert (with_card.score, with_card.level, with_card.axes, with_card.is_test) == (
        without.score,
        without.level,
        without.axes,
        False,
    )


def test_a_failed_cue_leaves_the_candidate_for_a_person_to_look_at():
    remark = Reason("reason.failed", {"what": {"message": "stage.open"}}, 0.0, ())
    found = assess("c", [], remarks=[remark], has_failures=True)
    assert found.level is Level.LOOK
    assert remark in found.reasons


def test_adults_alone_stay_below_the_prior_and_one_child_among_them_does_not():
    prior = shipped().axes["minor"].prior
    adults = [face(0.01, track=number) for number in range(3)]
    assert assess("c", adults).axes["minor"].score < prior
    assert assess("c", [*adults, face(0.95, track=9)]).axes["minor"].score > prior


def test_the_rules_sha256_stands_in_the_assessment():
    assert shipped().sha256[:16] in assess("c", []).assessor_version


@pytest.mark.parametrize("wrong", [b"version = 1", b"", b'version = "1"\nsecret = 1'])
def test_wrong_rules_are_refused(wrong):
    with pytest.raises(msgspec.ValidationError):
        read(wrong)


def test_the_scene_of_a_known_item_is_a_lead_for_a_person_and_no_copy():
    scene = copy("centre", 0.9)
    scene = replace(scene, value={**scene.value, "relation": "same_scene"})
    found = assess("c", [scene])
    assert found.level is Level.LOOK
    assert found.score == assess("c", []).score
    assert [reason.message_key for reason in found.reasons] == ["reason.same_scene"]


def test_a_rule_that_is_off_moves_nothing_and_says_why():
    off = [rule for rule in shipped().rules if not rule.is_on]
    assert {rule.label for rule in off} == {"book", "backpack", "teddy bear", "tie", "bed"}
    assert all(rule.note for rule in off)
    assert assess("c", [thing("bed", 0.99), thing("tie", 0.99)]).axes["minor"].state is AxisState.CANNOT_TELL
    switched = tuple(msgspec.structs.replace(rule, is_on=True) for rule in shipped().rules)
    on = msgspec.structs.replace(shipped(), rules=switched)
    assert assess("c", [thing("bed", 0.99)], rules=on).axes["minor"].score > on.axes["minor"].prior


def test_what_is_seen_and_does_not_count_is_told_as_such_with_its_place():
    cues = [thing("book", 0.9), thing("backpack", 0.8), thing("bed", 0.9), thing("tie", 0.9)]
    found = assess("c", cues)
    assert found.axes == assess("c", []).axes
    assert found.score == assess("c", []).score
    assert [(reason.message_key, reason.weight, reason.cues) for reason in found.reasons] == [
        ("reason.object_seen", 0.0, (cues[0],)),
        ("reason.object_seen", 0.0, (cues[1],)),
    ]
    (bear,) = assess("c", [thing("teddy bear", 0.9)]).reasons
    assert (bear.message_key, bear.weight) == ("reason.object_seen", 0.0)


def test_a_face_of_which_nothing_can_be_told_leaves_the_axis_untold():
    untold = replace(face(0.3, is_certain=False), value={**face(0.3).value, "quality": 0.0})
    found = assess("c", [untold])
    assert found.axes["minor"].state is AxisState.CANNOT_TELL
    assert found.reasons == ()
    assert assess("c", [untold, face(0.9)]).axes["minor"] == assess("c", [face(0.9)]).axes["minor"]
