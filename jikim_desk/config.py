"""The desk's section of `$JIKIM_HOME/config.toml`: what a centre sets for its people and its machine."""

from __future__ import annotations

from functools import cache
from typing import Annotated

import msgspec

from jikim import config as configuration
from jikim.config import Config
from jikim.errors import BadUse

Count = Annotated[int, msgspec.Meta(ge=1)]


class Vantage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Another way to the web by which rechecks look as well: a proxy not known as the centre's."""

    name: Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9-]{0,19}$")]
    proxy: str
    """`http://user:password@host:port`"""
    country: str = ""


class Centre(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Another centre with which the host directory is shared: authorised by standing here."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
    recipient: str
    """`age1...`, for what is sent to it."""
    public_key: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
    """By which it signs; as `jikim hosts key` says there."""


class Removal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[desk.removal]`: how the centre appears outside, and how its notices leave."""

    organisation: str = ""
    organisation_en: str = ""
    mailbox: str = ""
    """The role mailbox that stands in every notice; never a person's."""
    standing: str = ""
    """By what the centre may ask, in Korean, as it stands in its notices; empty leaves it out."""
    standing_en: str = ""
    smtp_host: str = ""
    smtp_port: Annotated[int, msgspec.Meta(ge=1, le=65535)] = 587
    smtp_user: str = ""
    smtp_password_file: str = ""
    smtp_roots: str = ""
    """A file with the certificates (PEM) by which the mail server is known; empty for those of this machine."""
    imap_host: str = ""
    """Where the answers to `mailbox` are read; empty where they are read by hand."""
    imap_port: Annotated[int, msgspec.Meta(ge=1, le=65535)] = 993
    imap_user: str = ""
    imap_password_file: str = ""
    imap_folder: str = "INBOX"
    imap_roots: str = ""
    """As `smtp_roots`, of the server that is read; empty for the same."""
    imap_believes: str = ""
    """The name by which our own mail server signs what it found about a sender (RFC 8601, authserv-id); no other counts."""
    imap_max_mb: Annotated[int, msgspec.Meta(ge=1, le=100)] = 10
    """Of a larger letter only the headers are fetched."""
    dkim_selector: str = ""
    dkim_key_file: str = ""
    wait_s: Count = 600
    """How long an approved notice waits before it leaves."""
    vantages: tuple[Vantage, ...] = ()
    centres: tuple[Centre, ...] = ()
    keeps_fingerprints: bool = True
    """What is confirmed is known by its fingerprints from then on, so that a re-upload is noticed. Never the media."""
    evidence_media_for: tuple[str, ...] = ()
    """age recipients (`age1...`) to whom media files are sealed within an evidence pack; empty, no pack has media."""
    rdap_bootstrap: str = "https://data.iana.org/rdap/"
    """Where the registries' servers are listed (RFC 9224): `dns.json`, `ipv4.json` and `ipv6.json` below it."""
    reports_to_police: bool = False
    """The centre has to report what it confirms: a report to the police is drafted with each confirmation."""
    names_worker_to_police: bool = False
    """Reports for police and prosecution name who made them; else the centre and its mailbox alone."""


class DeskConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[desk]`. `database` is empty for `$JIKIM_HOME/desk.sqlite`, else `postgresql://user:password@host/name`."""

    centre: str = ""
    listen: str = "127.0.0.1:8470"
    hosts: tuple[str, ...] = ("127.0.0.1", "localhost")
    """The names under which browsers reach the desk; others are refused."""
    is_https: bool = False
    """Set where a proxy in front of the desk speaks https: cookies are then marked secure."""
    database: str = ""
    totp_allowed: bool = True
    session_hours: Count = 10
    idle_minutes: Count = 30
    claim_minutes: Count = 20
    undo_s: Count = 60
    viewing_minutes_a_day: Count = 240
    viewing_minutes_at_once: Count = 50
    break_minutes: Count = 10
    second_opinion_for: tuple[str, ...] = ()
    """Decisions that two people make: names of the decisions, as in `review`."""
    categories: tuple[str, ...] = ("미분류",)
    """The centre's own scheme for what was confirmed."""
    night_from_hour: Annotated[int, msgspec.Meta(ge=0, le=23)] = 22
    night_to_hour: Annotated[int, msgspec.Meta(ge=0, le=23)] = 7
    night_mail: str = ""
    """The role mailbox of whoever is on call: at night it is told that something urgent waits, and nothing more, by the mail
    server of `[desk.removal]`. Empty, nothing is ever sent: who is on call looks at the desk."""
    time_zone: str = "Asia/Seoul"
    timestamp_authority: str = ""
    """Address of an RFC 3161 time-stamping authority for exports of the audit chain."""
    timestamp_roots: str = ""
    """A file with the certificates (PEM) by which its stamps are checked; empty for none."""
    removal: Removal = Removal()
    is_practice: bool = False
    """A throwaway desk to try things on: one link signs in without a key, and nothing but practice is searched."""


@cache
def jikim_config() -> Config:
    """The whole configuration in force. Raises BadUse."""
    return configuration.load()


@cache
def desk_config() -> DeskConfig:
    """The desk's part of it. Raises BadUse naming the setting that is wrong."""
    config = jikim_config()
    try:
        return msgspec.convert(config.desk, DeskConfig)
    except msgspec.ValidationError as error:
        raise BadUse("config.invalid", where=str(config.home / "config.toml"), problem=f"[desk] {error}") from error
