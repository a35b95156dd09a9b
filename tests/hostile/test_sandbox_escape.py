"""Attacks on the sandbox: from within a confined child, by a child that lies, and by killing those it depends on."""

from __future__ import annotations

import gc
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from jikim.config import Opening
from jikim.errors import MediaUnreadable
from jikim.media import sandbox
from jikim.media.opening import Opener, OpenMedia, open_path, sealed_memory

HERE = Path(__file__).parent / "sandbox"
ROOT = str(Path(__file__).parents[2])
PATIENCE_S = 60
X86_64_GETPID_BY_INT80 = """
long getpid_by_int80(void) { long result; __asm__ volatile("int $0x80" : "=a"(result) : "a"(20) : "memory"); return result; }
"""

REFUSED = {
    "clone3", "fork", "open /etc/passwd", "open for writing", "stat", "list /", "mmap executable", "mprotect executable",
    "map the file writable", "fcntl F_SETOWN", "fcntl F_SETFL", "fcntl F_ADD_SEALS", "prlimit64", "ioctl",
}  # fmt: skip
OTHERWISE = {
    "thread": {"raised": "RuntimeError"},
    "8 GB": {"raised": "MemoryError"},
    "many descriptors": {"refused": 24},
    "write to the file": {"killed": "SIGXFSZ"},
    "abort itself": {"killed": "SIGABRT"},
    "descriptors": {"done": "[0, 1, 2, 3, 4]"},
}
WORKS_OUTSIDE = (
    "socket", "open /etc/passwd", "open for writing", "stat", "list /", "fork", "thread", "memfd_create", "mprotect executable",
    "mmap executable", "unlink", "rename", "creat", "mkdir", "chmod", "kill", "tkill", "eventfd2", "epoll_create1", "prctl",
    "many descriptors", "inotify_init",
)  # fmt: skip


def run(program: str, *arguments: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """A program of the folder beside this file."""
    return subprocess.run(
        [sys.executable, str(HERE / program), *arguments],
        env={**os.environ, "PYTHONPATH": ROOT, **(environment or {})},
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE_S * 3,
    )


@pytest.fixture
def victims(tmp_path: Path) -> dict[str, str]:
    """A folder with a file to harm, open to everyone, so that only the sandbox stands before it."""
    tmp_path.chmod(0o777)
    for parent in tmp_path.parents[:3]:
        if parent.stat().st_uid == os.getuid():
            parent.chmod(parent.stat().st_mode | 0o011)
    (tmp_path / "victim").write_text("untouched")
    return {"JIKIM_ATTEMPT_DIR": str(tmp_path)}


def test_nothing_a_captured_reader_tries_succeeds(victims: dict[str, str]) -> None:
    outcomes = json.loads(run("attempts.py", environment=victims).stdout)
    expected = {name: OTHERWISE.get(name) or ({"refused": 1} if name in REFUSED else {"killed": "SIGSYS"}) for name in outcomes}
    assert outcomes == expected
    assert len(outcomes) > 70
    folder = Path(victims["JIKIM_ATTEMPT_DIR"])
    assert [file.name for file in folder.iterdir()] == ["victim"]
    assert (folder / "victim").read_text() == "untouched"


def test_the_same_attempts_work_without_the_walls(tmp_path: Path, victims: dict[str, str]) -> None:
    """Else the test above would prove nothing."""
    for name in WORKS_OUTSIDE:
        (tmp_path / "victim").write_text("untouched")
        outcomes = json.loads(run("attempts.py", "--unconfined", name, environment=victims).stdout)
        assert "done" in outcomes[name], (name, outcomes)


@pytest.mark.skipif(shutil.which("gcc") is None, reason="needs a C compiler to make machine code")
def test_the_system_calls_of_32_bit_programs_are_closed(tmp_path: Path) -> None:
    source, library = tmp_path / "int80.c", tmp_path / "int80.so"
    source.write_text(X86_64_GETPID_BY_INT80)
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", library, source], check=True)
    environment = {"JIKIM_INT80": str(library)}
    confined = json.loads(run("attempts.py", "int 0x80", environment=environment).stdout)
    assert confined == {"int 0x80": {"killed": "SIGSYS"}}


def test_landlock_alone_closes_the_file_system() -> None:
    if sandbox.landlock_abi() == 0:
        pytest.skip("this kernel has no Landlock")
    program = (
        "import os, sys; from jikim.media import sandbox as s; s._prctl(38, 1); s._landlock()\n"
        "for flags in (os.O_RDONLY, os.O_WRONLY):\n"
        "    try: os.open('/etc/passwd', flags)\n"
        "    except PermissionError: print('refused')\n"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env={"PYTHONPATH": ROOT}, check=True)
    assert said.stdout.split() == ["refused", "refused"]


# ---- the real child, seen from outside -----------------------------------------------------------------------------------


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "picture.png"
    Image.fromarray(np.arange(48 * 64 * 3, dtype=np.uint8).reshape(48, 64, 3)).save(path)
    return path


def pid_of(media: OpenMedia) -> int:
    """The child's process id, from its pidfd."""
    info = Path(f"/proc/self/fdinfo/{media._line._pidfd}").read_text()
    return int(next(line.split()[1] for line in info.splitlines() if line.startswith("Pid:")))


def status_of(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def test_the_real_child_stands_behind_every_wall(picture: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JIKIM_PASSWORD", "a secret of the owner")
    fd = open_path(picture)
    with Opener(Opening()) as opener, opener.open(fd, "0" * 64) as media:
        assert len(media.first_look()) == 1
        pid = pid_of(media)
        status = status_of(pid)
        assert (status["Seccomp"], status["NoNewPrivs"], status["Threads"]) == ("2", "1", "1")
        assert {status[name].strip("0") for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")} == {""}
        granted = sandbox.granted_spaces()
        for space, name in (("net", "net"), ("pid", "pid"), ("mount", "mnt"), ("ipc", "ipc"), ("uts", "uts")):
            if space in granted and os.access(f"/proc/{pid}/ns/{name}", os.R_OK):
                assert os.readlink(f"/proc/{pid}/ns/{name}") != os.readlink(f"/proc/self/ns/{name}")
        limits = Path(f"/proc/{pid}/limits").read_text()
        for limit in ("Max file size", "Max processes", "Max core file size"):
            assert next(line for line in limits.splitlines() if line.startswith(limit)).split()[-3:-1] == ["0", "0"]
        if os.geteuid() == 0:
            assert status["Uid"].split() == [str(sandbox.NOBODY)] * 4
            assert status["Groups"] == ""
            assert sorted(os.listdir(f"/proc/{pid}/fd")) == ["0", "1", "2", "3", "4"]
            assert {os.readlink(f"/proc/{pid}/fd/{fd}") for fd in (0, 1, 2)} == {"/dev/null"}
            if "mount" in granted:
                assert os.listdir(f"/proc/{pid}/root") == []
            assert "a secret of the owner" not in Path(f"/proc/{pid}/environ").read_text()
    os.close(fd)


def test_a_descriptor_that_could_be_written_is_never_handed_over(tmp_path: Path, picture: Path) -> None:
    fd = os.open(picture, os.O_RDWR)
    with Opener(Opening()) as opener, opener.open(fd, "0" * 64) as media:
        media.first_look()
        if os.geteuid() == 0:
            assert os.readlink(f"/proc/{pid_of(media)}/fd/4").startswith("/memfd:")
    os.close(fd)


# ---- a kernel with less --------------------------------------------------------------------------------------------------

SECCOMP, UNSHARE, LANDLOCK, PIDFD_OPEN, MEMFD, CLONE, MOUNT = 317, 272, 444, 434, 319, 56, 165


@pytest.mark.parametrize(
    ("refused", "lacking"),
    [
        ({SECCOMP: 1}, {"seccomp"}),
        ({PIDFD_OPEN: 38}, {"pidfd"}),
        ({MEMFD: 38}, {"memfd"}),
        ({CLONE: 11}, set()),
    ],
    ids=["no seccomp", "no pidfd", "no memfd", "no fork"],
)
def test_without_a_mandatory_wall_nothing_is_opened(picture: Path, refused: dict[int, int], lacking: set[str]) -> None:
    said = json.loads(run("lesser_kernel.py", str(picture), *(f"{call}={error}" for call, error in refused.items())).stdout)
    assert set(said["missing"]) == lacking
    assert said["error"] == "SandboxUnavailable"
    assert "frames" not in said


@pytest.mark.parametrize(
    ("refused", "lacking"),
    [
        ({LANDLOCK: 38}, "landlock"),
        ({UNSHARE: 1}, "namespace net"),
        ({MOUNT: 1}, "namespace mount"),
        ({LANDLOCK: 38, UNSHARE: 1}, "namespace pid"),
    ],
    ids=["no landlock", "no namespaces", "no mounts", "neither landlock nor namespaces"],
)
def test_without_an_outer_wall_the_rest_stands(picture: Path, refused: dict[int, int], lacking: str) -> None:
    said = json.loads(run("lesser_kernel.py", str(picture), *(f"{call}={error}" for call, error in refused.items())).stdout)
    assert said["missing"] == []
    assert lacking in said["lacking"]
    assert said["frames"] == 1


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("setpriv") is None, reason="needs root to become an ordinary user")
def test_it_works_as_an_ordinary_user(picture: Path) -> None:
    """The capability stands in for the interpreter lying in a folder that user could read; it is no part of the walls."""
    become = "--reuid=4711 --regid=4711 --clear-groups --inh-caps=-all,+dac_read_search --ambient-caps=-all,+dac_read_search"
    said = subprocess.run(
        ["setpriv", *become.split(), sys.executable, str(HERE / "lesser_kernel.py"), str(picture)],
        env={"PYTHONPATH": ROOT, "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )
    assert json.loads(said.stdout or "{}").get("frames") == 1, said.stderr


# ---- a child that lies ---------------------------------------------------------------------------------------------------

sys.path.insert(0, str(HERE))
import lying_child  # noqa: E402  (a program beside this file)


def descendants(pid: int) -> set[int]:
    """Every process that descends from `pid`."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            parents.setdefault(int(fields[1]), []).append(int(entry.name))
    found: set[int] = set()
    todo = [pid]
    while todo:
        for child in parents.get(todo.pop(), []):
            found.add(child)
            todo.append(child)
    return found


class Liar:
    """A lying child and the parent's end of the line to it."""

    def __init__(self, lie: str, file: int, settings: Opening) -> None:
        here, there = socket.socketpair()
        with there:
            command = [sys.executable, "-I", "-S", str(HERE / "lying_child.py"), str(there.fileno()), lie]
            self.process = subprocess.Popen(command, pass_fds=[there.fileno()], stderr=subprocess.DEVNULL)
        self.connection, self.pidfd = here, os.pidfd_open(self.process.pid)
        self._file, self._settings = file, settings

    def open(self) -> OpenMedia:
        return OpenMedia(self.connection, self.pidfd, self._file, "0" * 64, None, self._settings)


@pytest.fixture
def nothing_leaks() -> Iterator[None]:
    gc.collect()
    descriptors, processes = set(os.listdir("/proc/self/fd")), descendants(os.getpid())
    yield
    gc.collect()
    assert set(os.listdir("/proc/self/fd")) == descriptors
    assert descendants(os.getpid()) <= processes  # zombies included


@pytest.fixture
def liar(request: pytest.FixtureRequest) -> Iterator[Liar]:
    """A child telling the lie that the test names. Afterwards it must have been killed or have ended."""
    file = sealed_memory(iter([b"x"]))
    waits = request.param in lying_child.WAITING
    settings = Opening(wall_clock_s=0.3 if waits else PATIENCE_S, still_max_pixels=10**6, frames_limit=5)
    liar = Liar(request.param, file, settings)
    yield liar
    os.close(file)
    ended = liar.process.wait(PATIENCE_S)
    assert ended == -signal.SIGKILL or not waits


def lies(table: dict[str, object]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("liar", sorted(table), indirect=True)


@pytest.mark.usefixtures("nothing_leaks")
@lies(lying_child.AT_OPENING)
def test_a_lie_about_the_file_is_not_believed(liar: Liar) -> None:
    with pytest.raises(MediaUnreadable) as raised:
        liar.open()
    assert raised.value.key == "media.crashed"


@pytest.mark.usefixtures("nothing_leaks")
@lies(lying_child.AT_LOOKING)
def test_a_lie_about_frames_is_not_believed(liar: Liar) -> None:
    with liar.open() as media, pytest.raises(MediaUnreadable) as raised:
        media.first_look()
    assert raised.value.key in ("media.crashed", "media.no_frames")


@pytest.mark.usefixtures("nothing_leaks")
@lies(lying_child.AFTER_A_FRAME)
def test_what_came_before_a_lie_is_delivered_and_nothing_after(liar: Liar) -> None:
    with liar.open() as media:
        assert len(media.first_look()) in (1, 5)
        assert media.warnings == ("media.stopped",)
        assert media.frames_at([1.0]) == ()
        assert media.audio(0, 1) is None


@pytest.mark.usefixtures("nothing_leaks")
@lies(lying_child.AT_LISTENING)
def test_a_lie_about_sound_is_not_believed(liar: Liar) -> None:
    with liar.open() as media:
        assert media.audio(0, 1) is None
        assert media.warnings == ("media.stopped",)


@pytest.mark.usefixtures("nothing_leaks")
@lies(lying_child.WAITING)
def test_a_child_that_does_not_answer_is_killed_in_time(liar: Liar) -> None:
    with pytest.raises(MediaUnreadable) as raised, liar.open() as media:
        media.first_look()
    assert raised.value.key == "media.timed_out"


# ---- when those it depends on are killed -----------------------------------------------------------------------------------


def wait_for_end(pidfds: list[int]) -> None:
    """Until each of these processes has ended; fails when one does not."""
    poll = select.poll()
    for pidfd in pidfds:
        poll.register(pidfd, select.POLLIN)
    left = set(pidfds)
    while left:
        ended = poll.poll(PATIENCE_S * 1000)
        assert ended, "a process outlived what it depended on"
        for pidfd, _ in ended:
            poll.unregister(pidfd)
            left.discard(pidfd)
            os.close(pidfd)


def test_killing_the_owner_leaves_no_process(picture: Path) -> None:
    owner = subprocess.Popen(
        [sys.executable, str(HERE / "owner.py"), str(picture)],
        env={**os.environ, "PYTHONPATH": ROOT},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert owner.stdout is not None
    with owner.stdout as said:
        assert said.readline().startswith("jikim-media-")
    family = descendants(owner.pid)
    assert len(family) >= 2
    pidfds = [os.pidfd_open(pid) for pid in family]
    owner.kill()
    owner.wait()
    wait_for_end(pidfds)


def test_killing_the_zygote_ends_its_children_and_the_next_file_gets_a_new_one(picture: Path) -> None:
    fd = open_path(picture)
    with Opener(Opening()) as opener:
        with opener.open(fd, "0" * 64) as media:
            assert opener._zygote is not None
            zygote = opener._zygote._process.pid
            pidfds = [os.pidfd_open(pid) for pid in descendants(zygote) | {zygote}]
            os.kill(zygote, signal.SIGKILL)
            wait_for_end(pidfds)
            with pytest.raises(MediaUnreadable):
                media.first_look()
        with opener.open(fd, "0" * 64) as media:
            assert len(media.first_look()) == 1
    os.close(fd)


@pytest.mark.usefixtures("nothing_leaks")
def test_closing_leaves_nothing(picture: Path) -> None:
    fd = open_path(picture)
    with Opener(Opening()) as opener:
        opened = [opener.open(fd, "0" * 64) for _ in range(5)]
        zygote = opener._zygote
        assert zygote is not None
        pidfds = [os.pidfd_open(pid) for pid in descendants(zygote._process.pid)]
        for media in opened:
            media.close()
            media.close()
    wait_for_end(pidfds)
    os.close(fd)


def test_a_caller_that_goes_away_takes_its_child_with_it(picture: Path) -> None:
    """Another process of the pool, sharing the zygote, is killed while its file is open."""
    with Opener(Opening()) as opener:
        program = (
            "import sys, signal; from jikim.config import Opening; from jikim.media.opening import Opener, open_path\n"
            f"media = Opener(Opening(), address={opener.address!r}).open(open_path({str(picture)!r}), '0' * 64)\n"
            "print(len(media.first_look()), flush=True); signal.pause()\n"
        )
        environment = {**os.environ, "PYTHONPATH": ROOT}
        worker = subprocess.Popen([sys.executable, "-c", program], env=environment, stdout=subprocess.PIPE, text=True)
        assert worker.stdout is not None
        with worker.stdout as said:
            assert said.readline().strip() == "1"
        assert opener._zygote is not None
        family = descendants(opener._zygote._process.pid)
        child = max(family)
        pidfd = os.pidfd_open(child)
        worker.kill()
        worker.wait()
        wait_for_end([pidfd])


def test_another_user_is_turned_away(picture: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root to become another user")
    with Opener(Opening()) as opener:
        program = (
            f"import os, socket; os.setresuid(4711, 4711, 4711); s = socket.socket(socket.AF_UNIX)\n"
            f"s.connect('\\0{opener.address}'); print(s.recv(1))"
        )
        said = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True)
        assert said.stdout.strip() == "b''"
        fd = open_path(picture)
        with opener.open(fd, "0" * 64) as media:
            assert len(media.first_look()) == 1
        os.close(fd)
