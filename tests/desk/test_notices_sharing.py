"""The host directory goes from one centre to another encrypted, signed and on record, and to nobody else."""

import msgspec
import pyrage
import pytest
import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner

from jikim.errors import JikimError
from jikim.vault import recovery
from jikim_desk.accounts.models import Role
from jikim_desk.audit.models import Entry as ChainEntry
from jikim_desk.config import Centre, jikim_config
from jikim_desk.faults import BadAsk
from jikim_desk.notices import commands, hosts, sharing
from jikim_desk.notices.models import Host
from jikim_desk.sealing import vault
from tests.desk.removals import set_desk

PASSWORD = "correct horse battery"


class Other:
    """Another centre, with keys of its own."""

    def __init__(self):
        self.identity = pyrage.x25519.Identity.generate()
        self.signing = Ed25519PrivateKey.generate()
        self.public_key = self.signing.public_key().public_bytes_raw().hex()

    def sends(self, *entries, made_for=None, signing=None, to=None):
        made_for = made_for or vault().public_key().hex()
        told = sharing.Directory(self.public_key, made_for, "2026-11-22T00:00:00+00:00", list(entries))
        directory = msgspec.json.encode(told)
        signature = (signing or self.signing).sign(sharing._MARK + directory)
        sealed = msgspec.json.encode(sharing.Signed(directory, signature))
        return pyrage.encrypt(sealed, [pyrage.x25519.Recipient.from_str(to or sharing.own_recipient())])


def entry(name, **told):
    given = {
        "kind": "platform",
        "mailbox": f"abuse@{name}",
        "form": "",
        "lang": "en",
        "law": "",
        "is_hostile": False,
        "behind": {},
    }
    return sharing.Entry(name, **{**given, **told})


@pytest.fixture
def other(monkeypatch):
    made = Other()
    centre = Centre("이웃 센터", str(made.identity.to_public()), made.public_key)
    set_desk(monkeypatch, removal={"centres": (centre,)})
    return made


@pytest.fixture
def lead(person):
    return person(Role.LEAD)


def test_only_the_centre_named_can_open_it_and_it_says_nothing_of_finds(lead, other):
    hosts.keep(lead, "board.example", mailbox="a@board.example", law="dsa16", stands_behind={"cdn": "cdn.example"})
    sealed = sharing.export(lead, "이웃 센터")
    signed = msgspec.json.decode(pyrage.decrypt(sealed, [other.identity]), type=sharing.Signed)
    told = msgspec.json.decode(signed.directory, type=sharing.Directory)
    assert told.hosts == [entry("board.example", mailbox="a@board.example", law="dsa16", behind={"cdn": "cdn.example"})]
    assert (told.made_by, told.made_for) == (vault().public_key().hex(), other.public_key)
    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt(sealed, [pyrage.x25519.Identity.generate()])
    assert b"board.example" not in sealed
    assert ChainEntry.objects.order_by("-number").first().action == "export"
    with pytest.raises(BadAsk):
        sharing.export(lead, "모르는 센터")


def test_what_comes_in_adds_and_changes_nothing_that_is_there(lead, other):
    hosts.keep(lead, "known.example", mailbox="mine@known.example")
    sent = other.sends(
        entry("known.example", mailbox="theirs@known.example"),
        entry("new.example", is_hostile=True, behind={"hosting": "farm.example"}),
        entry("bad.example", mailbox="no mailbox"),
        entry("worse.example", form="javascript:alert(1)"),
        entry("no name at all"),
    )
    taken = sharing.take_in(lead, sent)
    assert (taken.centre, taken.new, taken.known, taken.unusable) == ("이웃 센터", 1, 1, 3)
    assert hosts.named("known.example").mailbox == "mine@known.example"
    kept = hosts.named("new.example")
    assert (kept.is_hostile, kept.behind) == (True, {"hosting": "farm.example"})
    assert sharing.take_in(lead, sent).new == 0


def test_what_is_not_for_us_or_of_nobody_we_know_is_refused(lead, other, monkeypatch):
    stranger = Other()
    for sent in (
        stranger.sends(entry("x.example")),
        other.sends(entry("x.example"), signing=stranger.signing),
        other.sends(entry("x.example"), made_for=stranger.public_key),
        other.sends(entry("x.example"), to=str(stranger.identity.to_public())),
        pyrage.encrypt(b"{}", [pyrage.x25519.Recipient.from_str(sharing.own_recipient())]),
        b"",
        b"age-encryption.org/v1\n",
    ):
        with pytest.raises(BadAsk):
            sharing.take_in(lead, sent)
    monkeypatch.setattr(sharing, "FILE_MAX_BYTES", 10)
    with pytest.raises(BadAsk):
        sharing.take_in(lead, other.sends(entry("x.example")))
    assert not Host.objects.exists()


@pytest.fixture
def code():
    """On paper; the other tests' home has none."""
    sharing.own_recipient()
    made = recovery.new_code()
    recovery.adopt(jikim_config().home, made)
    yield made
    (jikim_config().home / "keys" / "recovery.pub").unlink()
    (jikim_config().home / recovery.BACKUP).unlink()


def test_the_key_comes_back_from_the_backup_of_keys(lead, other, code):
    home, sent = jikim_config().home, other.sends(entry("new.example"))
    (home / "keys" / "exchange").unlink()
    assert "exchange" in recovery.restore(home, code, home / recovery.BACKUP)
    assert sharing.take_in(lead, sent).new == 1


def test_only_a_lead_with_the_password_does_it(lead, person):
    assert sharing.lead(lead.username, PASSWORD) == lead
    for name, password in ((lead.username, "wrong"), ("nobody", PASSWORD), (person(Role.REVIEWER).username, PASSWORD)):
        with pytest.raises(BadAsk):
            sharing.lead(name, password)


def test_the_commands_write_and_read_it(lead, other, tmp_path):
    app = typer.Typer()
    commands.register(app)
    told = CliRunner().invoke(app, ["hosts", "key"])
    assert told.exit_code == 0, told.output
    assert sharing.own_recipient() in told.output
    hosts.keep(lead, "board.example")
    file = tmp_path / "hosts.age"
    wrote = CliRunner().invoke(app, ["hosts", "export", "이웃 센터", str(file), "--as", lead.username], input=f"{PASSWORD}\n")
    assert wrote.exit_code == 0, wrote.output
    assert pyrage.decrypt(file.read_bytes(), [other.identity])
    assert file.stat().st_mode & 0o077 == 0
    file.write_bytes(other.sends(entry("new.example")))
    read = CliRunner().invoke(app, ["hosts", "import", str(file), "--as", lead.username], input=f"{PASSWORD}\n")
    assert read.exit_code == 0, read.output
    assert hosts.named("new.example") is not None
    wrong = CliRunner().invoke(app, ["hosts", "import", str(file), "--as", lead.username], input="no\n")
    assert isinstance(wrong.exception, JikimError)
