"""An evidence pack says what was seen, holds no picture and no name, and tells when any part of it was changed."""

import io
import zipfile

import pytest
from django.utils import timezone
from typer.testing import CliRunner

from jikim_desk.accounts.models import Role
from jikim_desk.notices import commands, evidence, packing, wacz, webarchive
from jikim_desk.notices.models import EvidencePack, Removal
from jikim_desk.notices.pictures import drawing
from jikim_desk.records.models import Extent
from jikim_desk.review.models import Kind
from jikim_desk.sealing import vault
from tests.desk.items import picture
from tests.desk.removals import PAGE, begun, confirmed, set_desk
from tests.desk.test_audit_export import answering, authority, authority_files  # noqa: F401 - fixtures

NAMES = ("김하늘나래", "하늘이네집", "담당자박보람", "worker-borami", "CASE-7788", "비밀메모글")


PARTS = [
    *packing.CONTENT,
    pytest.param(packing.PICTURE, marks=pytest.mark.browser),
    packing.MANIFEST,
    packing.SIGNATURE,
    packing.KEY,
]


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """The picture of a page may take its time on a busy machine."""
    monkeypatch.setattr(drawing, "TIME_LIMIT_S", 60.0)


@pytest.fixture
def removal(team, person, monkeypatch):
    set_desk(
        monkeypatch,
        removal={"organisation": "시험 지원센터", "organisation_en": "Test Centre", "mailbox": "removal@centre.example"},
    )
    made = begun(team, person, title=f"{NAMES[0]} {NAMES[1]}", text=NAMES[5])
    Extent.objects.create(
        sha256=made.candidate.captures.get(part="media").sha256, kind="image", frames=[[0, "ab" * 32]], group="g"
    )
    return made


@pytest.fixture
def pack(removal):
    return evidence.complete(removal)


@pytest.fixture
def file(pack, tmp_path):
    path = tmp_path / "pack.zip"
    path.write_bytes(evidence.file_of(pack))
    return path


def rewritten(file, changes, removed=()):
    """The pack with parts changed as whoever has no key could."""
    with zipfile.ZipFile(file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist() if name not in removed}
    parts.update(changes)
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


def test_it_begins_when_undo_has_lapsed_and_never_for_a_test_chain(team, person):
    someone = person(Role.REVIEWER)
    late = confirmed(team, someone, "late")
    confirmed(team, someone, "fresh", ago_s=5)
    confirmed(team, someone, "practice", is_test=True)
    confirmed(team, someone, "other", kind=Kind.NOT_RELEVANT)
    adult = confirmed(team, someone, "adult", kind=Kind.APPEARS_ADULT, category="support_requested")
    confirmed(team, someone, "no", kind=Kind.APPEARS_ADULT, category="support_not_requested")
    assert {one.candidate_id for one in evidence.begin_due(timezone.now())} == {late.pk, adult.pk}
    assert evidence.begin_due(timezone.now()) == []
    assert Removal.objects.get(candidate=adult).is_adult


def test_the_pack_says_what_was_seen(pack, file, removal):
    verdict = packing.verify(file, public_key=vault().public_key())
    assert verdict.is_whole
    assert [remark.key for remark in verdict.remarks] == ["evidence.verify.not_stamped"]
    with zipfile.ZipFile(file) as archive:
        said = archive.read(packing.JSON).decode()
        warc = archive.read(packing.WARC)
    for expected in (
        removal.candidate.url,
        "192.0.2.7",
        "ab" * 32,
        "302",
        "confirmed",
        *removal.candidate.captures.values_list("sha256", flat=True),
    ):
        assert expected in said
    assert PAGE in [content for _, content in webarchive.bodies_in(warc)]


def test_no_name_and_no_picture_is_in_it(pack, file):
    with zipfile.ZipFile(file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    pixels = picture()
    for name, content in parts.items():
        assert pixels[:64] not in content
        for planted in NAMES:
            assert planted.encode() not in content, name
    assert not any(planted in str(vars(pack)) for planted in NAMES)


def test_two_workers_make_one_pack_and_a_person_another(removal, person, monkeypatch):
    inside = packing.pack

    def meanwhile(*parts, **told):
        monkeypatch.setattr(packing, "pack", inside)
        evidence.complete(removal)
        return inside(*parts, **told)

    monkeypatch.setattr(packing, "pack", meanwhile)
    made = evidence.complete(removal)
    assert list(removal.packs.all()) == [made]
    assert evidence.complete(removal) == made
    assert evidence.complete(removal, by=person(Role.REVIEWER)) != made
    assert removal.packs.count() == 2


def test_the_worker_is_a_reference_not_a_name(team, person, tmp_path):
    worker = person(Role.REVIEWER, name=NAMES[3])
    worker.name = NAMES[2]
    worker.save()
    confirmed(team, worker, "named")
    (removal,) = evidence.begin_due(timezone.now())
    packed = evidence.file_of(evidence.complete(removal))
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        for name in archive.namelist():
            assert NAMES[3].encode() not in archive.read(name)
            assert NAMES[2].encode() not in archive.read(name)


@pytest.mark.parametrize("part", PARTS)
def test_every_part_that_is_changed_is_found(file, part):
    with zipfile.ZipFile(file) as archive:
        content = bytearray(archive.read(part))
    content[len(content) // 2] ^= 1
    rewritten(file, {part: bytes(content)})
    assert not packing.verify(file, public_key=vault().public_key()).is_whole


@pytest.mark.parametrize("part", PARTS)
def test_every_part_that_is_missing_is_found(file, part):
    rewritten(file, {}, removed=(part,))
    assert not packing.verify(file, public_key=vault().public_key()).is_whole


def test_what_was_added_or_made_by_another_centre_is_found(file):
    assert not packing.verify(file, public_key=bytes(range(32))).is_whole
    rewritten(file, {"more.txt": b"x"})
    assert {one.key for one in packing.verify(file, public_key=vault().public_key()).remarks} >= {"evidence.verify.added"}


def test_a_cut_or_foreign_file_is_no_pack(file, tmp_path):
    file.write_bytes(file.read_bytes()[:2000])
    assert packing.verify(file).manifest is None
    (tmp_path / "b").write_bytes(b"hello")
    assert packing.verify(tmp_path / "b").manifest is None


@pytest.mark.parametrize("kind", [zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])
def test_a_part_whose_packing_was_changed_is_found(tmp_path, kind):
    path = tmp_path / "pack.zip"
    with zipfile.ZipFile(path, "w", kind) as archive:
        archive.writestr("x", b"words " * 500)
    content = bytearray(path.read_bytes())
    content[31:51] = b"\xff" * 20  # behind the head of the file's only part
    path.write_bytes(bytes(content))
    assert [one.key for one in packing.verify(path).remarks] == ["evidence.verify.unreadable"]
    with pytest.raises(ValueError, match="no WACZ"):
        wacz.warc_in(bytes(content), max_bytes=packing.PACK_MAX_BYTES)


def test_pictures_inside_a_page_are_left_out():
    page = b"<p>words</p><img src='data:image/png;base64,AAAA'>"
    assert webarchive.page_body("text/html", page) is None
    assert webarchive.page_body("image/png", picture()) is None
    assert webarchive.page_body("text/html; charset=utf-8", PAGE) == PAGE


def test_it_is_stamped_when_the_authority_answers_and_says_so_until_then(
    pack,
    authority,  # noqa: F811
    authority_files,  # noqa: F811
    monkeypatch,
    tmp_path,
):
    assert not evidence.stamp(pack)
    waiting = EvidencePack.objects.get(pk=pack.pk)
    assert (waiting.stamped_at, waiting.not_stamped_key, waiting.tries) == (None, "audit.stamp.no_authority", 1)
    assert waiting.next_try_at > timezone.now()
    set_desk(monkeypatch, timestamp_authority=authority, timestamp_roots=str(authority_files / "root.pem"))
    assert evidence.stamp(waiting)
    stamped = EvidencePack.objects.get(pk=pack.pk)
    path = tmp_path / "stamped.zip"
    path.write_bytes(evidence.file_of(stamped))
    verdict = packing.verify(path, public_key=vault().public_key())
    assert verdict.is_whole
    assert verdict.stamped_at
    assert verdict.remarks == ()
    with zipfile.ZipFile(path) as archive:
        content = bytearray(archive.read(packing.STAMP))
    content[-20] ^= 1
    rewritten(path, {packing.STAMP: bytes(content)})
    assert not packing.verify(path, public_key=vault().public_key()).is_whole


@pytest.mark.parametrize("answer", [b"", b"nonsense"])
def test_a_false_answer_is_no_stamp(pack, answer, answering, authority, authority_files, monkeypatch):  # noqa: F811
    answering["with"] = answer
    set_desk(monkeypatch, timestamp_authority=authority, timestamp_roots=str(authority_files / "root.pem"))
    assert not evidence.stamp(pack)
    assert bytes(EvidencePack.objects.get(pk=pack.pk).stamp) == b""


def test_the_command_verifies(file, monkeypatch):
    import typer

    app = typer.Typer()
    commands.register(app)
    run = CliRunner().invoke(app, ["evidence", "verify", str(file)])
    assert run.exit_code == 0, run.output
    rewritten(file, {packing.JSON: b"{}"})
    assert CliRunner().invoke(app, ["evidence", "verify", str(file)]).exit_code == 1
    assert CliRunner().invoke(app, ["evidence", "verify", "--key", "zz", str(file)]).exit_code == 2


def test_a_case_linked_later_holds_the_pack_too(removal, pack, team):
    from jikim.vault import case_holder
    from jikim_desk.cases.models import Case

    assert evidence.to_hold() == []
    case = Case.objects.create(number="A-9", team=team)
    type(removal.candidate).objects.update(case=case)
    (waiting,) = evidence.to_hold()
    evidence.hold_for_case(waiting)
    assert vault().has(pack.blob, case_holder(case.pk))
    assert evidence.to_hold() == []


def test_a_pack_whose_day_was_destroyed_holds_up_no_other(removal, pack, team):
    from jikim_desk.cases.models import Case

    type(removal.candidate).objects.update(case=Case.objects.create(number="A-9", team=team))
    vault().destroy_holder(pack.holder)
    assert evidence.to_hold(limit=1) == []
