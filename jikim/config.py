"""One frozen Config from `$JIKIM_HOME/config.toml` and the environment.

Environment: `JIKIM_HOME` (where state lives), `JIKIM_WEIGHTS` (where model files lie), `JIKIM_LANG` (`ko` or `en`).
Everything else is in the TOML; a setting nobody knows is an error, so that a typo is never silently ignored.
"""

from __future__ import annotations

import os
import re
import sys
import tomllib
from collections.abc import Mapping
from importlib.metadata import entry_points
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl, urlsplit

import msgspec

from jikim.errors import BadUse
from jikim.seams import ANALYZERS, SOURCES

PositiveSeconds = Annotated[float, msgspec.Meta(gt=0)]
PositiveCount = Annotated[int, msgspec.Meta(ge=1)]


class Fetching(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How bytes are brought here. `pace_s` is the least time between two requests to one host; `loopback_allowed` lists test
    servers as "host:port" that may be reached although they are on this machine, and gives no other privilege."""

    loopback_allowed: tuple[str, ...] = ()
    connect_timeout_s: PositiveSeconds = 10.0
    read_timeout_s: PositiveSeconds = 15.0
    total_timeout_s: PositiveSeconds = 60.0
    max_answer_bytes: PositiveCount = 8 * 2**20
    max_media_bytes: Annotated[int, msgspec.Meta(ge=1, le=512 * 2**20)] = 512 * 2**20
    max_redirects: Annotated[int, msgspec.Meta(ge=0, le=20)] = 8
    pace_s: Annotated[float, msgspec.Meta(ge=0)] = 1.0
    connections_per_host: PositiveCount = 2
    user_agent: str = "Jikim/0.1 (victim support; finds exploitation material so that it can be removed)"
    robots_ignored_hosts: Mapping[str, str] = {}
    """Host -> the legal ground on record for not asking its robots.txt."""


class Opening(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How files are opened in the sandbox."""

    wall_clock_s: PositiveSeconds = 60.0
    memory_bytes: PositiveCount = 1536 * 2**20
    max_pixels: PositiveCount = 120_000_000
    still_max_pixels: PositiveCount = 16_000_000
    frame_side_px: PositiveCount = 640
    frames_limit: PositiveCount = 300


class Sweeping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    limit: PositiveCount = 300
    budget_s: PositiveSeconds = 90.0
    workers: PositiveCount | None = None


class Bucket(msgspec.Struct, frozen=True):
    """A bucket of an S3 store. `prefix` is empty or ends without a slash; `endpoint` is empty for the region's own at AWS."""

    name: str
    prefix: str
    endpoint: str
    region: str


class Storing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where sealed blobs lie: in `$JIKIM_HOME/blobs` when `blobs` is empty, else in an S3 bucket, written as
    `s3://bucket/prefix?endpoint=https://store.example&region=...`. Its credentials are never written here: they come from
    `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY` or from the file that AWS's own programs read."""

    blobs: str = ""
    keys: str = ""
    """Where the list of wrapped keys lies: in `$JIKIM_HOME/keys` when empty, else in a PostgreSQL database that the workers of
    all machines share, `postgresql://user:password@host/name`. Best one of its own: it is backed up apart from blobs."""

    def __post_init__(self) -> None:
        self.bucket()
        if self.keys and not self.keys.startswith(("postgresql://", "postgres://")):
            raise ValueError("keys: postgresql://user:password@host/name")

    def bucket(self) -> Bucket | None:
        """The bucket, None for the folder. Raises ValueError for anything that is not written as above."""
        return _bucket(self.blobs) if self.blobs else None


class Config(msgspec.Struct, frozen=True):
    """Everything one run is set to. `sources` and `analyzers` hold each plug-in's own section, read by the plug-in's Config."""

    home: Path
    weights: Path
    lang: Literal["ko", "en"]
    fetching: Fetching = Fetching()
    opening: Opening = Opening()
    sweeping: Sweeping = Sweeping()
    storing: Storing = Storing()
    sources: Mapping[str, Mapping[str, Any]] = {}
    analyzers: Mapping[str, Mapping[str, Any]] = {}
    canaries: Mapping[str, str] = {}
    """Source -> a keyword for which it always has something; empty asks it for none."""
    desk: Mapping[str, Any] = {}
    """The desk's own section, read by the desk."""


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    lang: Literal["ko", "en"] | None = None
    fetching: Fetching = Fetching()
    opening: Opening = Opening()
    sweeping: Sweeping = Sweeping()
    storing: Storing = Storing()
    sources: Mapping[str, Mapping[str, Any]] = {}
    analyzers: Mapping[str, Mapping[str, Any]] = {}
    canaries: Mapping[str, str] = {}
    desk: Mapping[str, Any] = {}


_BUCKET_FORM = "s3://bucket/prefix?endpoint=https://...&region=..."
_BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_PREFIX = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*(/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*")
_ENDPOINT_FORM = "endpoint = https://host[:port]"
_REGION = re.compile(r"[a-z0-9-]{1,40}")


def _bucket(text: str) -> Bucket:
    """Credentials have no place in it, and only this machine is spoken to without encryption. Raises ValueError, whose words
    never repeat the setting: somebody may have written a password into it."""
    try:
        url = urlsplit(text)
        given = dict(parse_qsl(url.query, keep_blank_values=True, strict_parsing=True)) if url.query else {}
    except ValueError:
        raise ValueError(_BUCKET_FORM) from None
    prefix = url.path.strip("/")
    if url.scheme != "s3" or url.fragment or not _BUCKET_NAME.fullmatch(url.netloc) or set(given) - {"endpoint", "region"}:
        raise ValueError(_BUCKET_FORM)
    if prefix and not _PREFIX.fullmatch(prefix):
        raise ValueError("s3://bucket/prefix: prefix = A-Z a-z 0-9 _ - . /")
    region, endpoint = given.get("region", "us-east-1"), given.get("endpoint", "").rstrip("/")
    if not _REGION.fullmatch(region):
        raise ValueError("region = a-z 0-9 -")
    if endpoint:
        _check_endpoint(endpoint)
    return Bucket(url.netloc, prefix, endpoint, region)


def _check_endpoint(endpoint: str) -> None:
    try:
        url = urlsplit(endpoint)
        is_well = url.scheme in ("http", "https") and url.hostname and url.port != 0 and "@" not in url.netloc
    except ValueError:
        raise ValueError(_ENDPOINT_FORM) from None
    if not is_well or not url.hostname or url.path or url.query or url.fragment:
        raise ValueError(_ENDPOINT_FORM)
    if url.scheme == "http" and not _is_loopback(url.hostname):
        raise ValueError("endpoint: https (http = loopback)")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def load(environ: Mapping[str, str] = os.environ) -> Config:
    """The configuration in force. Raises BadUse naming the file and the setting that is wrong."""
    home = home_folder(environ)
    weights = Path(environ.get("JIKIM_WEIGHTS") or Path(sys.prefix, "share", "jikim", "weights")).expanduser().absolute()
    file = read_file(home / "config.toml")
    lang = environ.get("JIKIM_LANG") or file.lang or ("en" if environ.get("LANG", "").startswith("en") else "ko")
    if lang not in ("ko", "en"):
        raise BadUse("config.invalid", where="JIKIM_LANG", problem=f"{lang!r}: ko | en")
    return Config(
        home=home,
        weights=weights,
        lang="ko" if lang == "ko" else "en",
        fetching=file.fetching,
        opening=file.opening,
        sweeping=file.sweeping,
        storing=file.storing,
        sources=file.sources,
        analyzers={
            **file.analyzers,
            "known_copy": {"banks_folder": str(home / "banks"), **file.analyzers.get("known_copy", {})},
            "concept": {"folder": str(home / "concepts"), **file.analyzers.get("concept", {})},
        },
        canaries=file.canaries,
        desk=file.desk,
    )


def read_file(path: Path) -> _File:
    """The settings of one file, the defaults where it is absent. Raises BadUse naming what is wrong in it."""
    try:
        file = msgspec.convert(tomllib.loads(path.read_text("utf-8")), _File)
    except FileNotFoundError:
        return _File()
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise BadUse("config.invalid", where=str(path), problem=str(error)) from error
    except OSError as error:
        raise BadUse("config.invalid", where=str(path), problem=error.strerror or str(error)) from error
    sections = (
        ("sources", SOURCES, file.sources),
        ("analyzers", ANALYZERS, file.analyzers),
        ("canaries", SOURCES, file.canaries),
    )
    for section, group, named in sections:
        known = {point.name for point in entry_points(group=group)}
        for name in named:
            if name not in known:
                raise BadUse(
                    "config.unknown_section", where=str(path), name=f"{section}.{name}", known=", ".join(sorted(known))
                )
    return file


def home_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Where state lives: `JIKIM_HOME`, else the platform's data folder."""
    return Path(environ.get("JIKIM_HOME") or default_home(environ)).expanduser().absolute()


def default_home(environ: Mapping[str, str]) -> Path:
    """The platform's data folder for Jikim."""
    data = environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(data, "jikim")
