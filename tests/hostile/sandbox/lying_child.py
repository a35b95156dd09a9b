"""A child that was taken over: it speaks the real protocol to the parent, and lies. `lying_child.py FD LIE`.

Only the standard library, so that it starts at once and knows nothing of the project's own checks.
"""

from __future__ import annotations

import json
import os
import socket
import struct
import sys
from typing import Any

FACTS = {
    "type": "facts",
    "kind": "video",
    "mime": "video/mp4",
    "width_px": 64,
    "height_px": 48,
    "duration_s": 3.0,
    "has_audio": True,
    "is_moving": True,
}
PICTURE = {"type": "picture", "width_px": 64, "height_px": 48, "at_s": 0.0}
DONE = {"type": "done", "warnings": []}


class Talk:
    def __init__(self, fd: int) -> None:
        self.socket = socket.socket(fileno=fd)

    def say(self, message: dict[str, Any] | bytes) -> None:
        body = message if isinstance(message, bytes) else json.dumps(message).encode()
        self.socket.sendall(struct.pack(">I", len(body)) + body)

    def hear(self) -> dict[str, Any]:
        """The parent's next message."""
        prefix, fds, _, _ = socket.recv_fds(self.socket, 4, 4)
        if len(prefix) < 4:
            os._exit(0)
        for fd in fds:
            os.close(fd)
        body = b""
        while len(body) < struct.unpack(">I", prefix)[0]:
            body += self.socket.recv(65536)
        return json.loads(body)

    def begin(self, facts: dict[str, Any] | bytes | None = None) -> None:
        self.hear()
        self.say({"type": "locked_down"})
        self.say(facts or FACTS)


def with_facts(**changes: object) -> Any:
    def lie(talk: Talk) -> None:
        talk.begin({**FACTS, **changes})
        talk.hear()

    return lie


def raw_facts(body: bytes) -> Any:
    def lie(talk: Talk) -> None:
        talk.begin(body)
        talk.hear()

    return lie


def at_look(*messages: dict[str, Any] | bytes, repeats: int = 1) -> Any:
    """Honest until asked for frames; then these messages, hearing `taken` after each picture."""

    def lie(talk: Talk) -> None:
        talk.begin()
        talk.hear()
        for _ in range(repeats):
            for message in messages:
                talk.say(message)
                if isinstance(message, dict) and message.get("type") == "picture":
                    talk.hear()
        talk.hear()

    return lie


def at_sound(message: dict[str, Any] | bytes) -> Any:
    def lie(talk: Talk) -> None:
        talk.begin()
        talk.hear()
        talk.say(message)
        talk.hear()

    return lie


def spin(talk: Talk) -> None:
    talk.begin()
    while True:
        pass


def drip(talk: Talk) -> None:
    """Half a message, and no more."""
    talk.hear()
    talk.say({"type": "locked_down"})
    talk.socket.sendall(struct.pack(">I", 1000) + b'{"type"')
    while True:
        pass


def mute(talk: Talk) -> None:
    """Never says a word."""
    while talk.socket.recv(65536):
        pass


def hang_up(talk: Talk) -> None:
    talk.hear()


def hang_up_in_length(talk: Talk) -> None:
    talk.hear()
    talk.socket.sendall(b"\0\0")


def not_locked(talk: Talk) -> None:
    """Goes on as if it had locked itself in."""
    talk.hear()
    talk.say(FACTS)


def crash_after_one_frame(talk: Talk) -> None:
    talk.begin()
    talk.hear()
    talk.say(PICTURE)
    talk.hear()
    os.abort()


HUGE = 10**30
WAITING: dict[str, Any] = {"spin": spin, "drip": drip, "mute": mute}
"""Lies of a child that does not answer."""
AT_OPENING: dict[str, Any] = {
    "hang up": hang_up,
    "hang up in length": hang_up_in_length,
    "not locked": not_locked,
    "length 4 GB": lambda talk: (talk.hear(), talk.socket.sendall(b"\xff\xff\xff\xff" + b"x" * 4096), talk.hear()),
    "length 0": lambda talk: (talk.hear(), talk.socket.sendall(b"\0\0\0\0"), talk.hear()),
    "garbage": raw_facts(b"\x00\xff garbage"),
    "empty object": raw_facts(b"{}"),
    "deep json": raw_facts(b'{"type":' + b"[" * 60000),
    "unknown type": raw_facts(b'{"type":"shell","run":"true"}'),
    "extra field": with_facts(extra=1),
    "nan duration": raw_facts(json.dumps({**FACTS, "duration_s": float("nan")}).encode()),
    "infinite duration": raw_facts(json.dumps({**FACTS, "duration_s": float("inf")}).encode()),
    "overflowing duration": raw_facts(json.dumps(FACTS).replace("3.0", "1e999").encode()),
    "negative duration": with_facts(duration_s=-1.0),
    "long duration": with_facts(duration_s=1e300),
    "width 0": with_facts(width_px=0),
    "width negative": with_facts(width_px=-64),
    "width huge": with_facts(width_px=HUGE),
    "width text": with_facts(width_px="64"),
    "no size": with_facts(width_px=None),
    "kind program": with_facts(kind="program"),
    "mime with line break": with_facts(mime="video/mp4\nx: y"),
    "mime long": with_facts(mime="video/" + "a" * 5000),
    "mime markup": with_facts(mime="<script>"),
}
AT_LOOKING: dict[str, Any] = {
    "picture 0": at_look({**PICTURE, "width_px": 0}),
    "picture negative": at_look({**PICTURE, "height_px": -48}),
    "picture too wide": at_look({**PICTURE, "width_px": 60000, "height_px": 60000}),
    "picture over the film's side": at_look({**PICTURE, "width_px": 641}),
    "picture beyond all": at_look({**PICTURE, "width_px": HUGE}),
    "picture nan": at_look(json.dumps({**PICTURE, "at_s": float("nan")}).encode()),
    "picture without time": at_look({**PICTURE, "at_s": None}),
    "picture slot": at_look({**PICTURE, "slot": 7}),
    "sound for a picture": at_look({"type": "sound", "samples": 4}),
    "facts again": at_look(FACTS),
    "not locked after all": at_look({"type": "not_locked_down", "wall": "seccomp"}),
    "strange warning": at_look({"type": "done", "warnings": ["<b>"]}),
    "alike beyond all": at_look({**DONE, "alike_s": [-1.0]}),
    "alike without end": at_look({**DONE, "alike_s": [1.0] * 2000}),
    "no frames": at_look(DONE),
    "a refusal nobody knows": at_look({"type": "refusal", "key": "media.anything"}),
    "a refusal with words": at_look({"type": "refusal", "key": "media.unreadable", "content": "look here"}),
}
AFTER_A_FRAME: dict[str, Any] = {
    "endless frames": at_look(PICTURE, repeats=10**9),
    "crash after one frame": crash_after_one_frame,
    "one frame, then garbage": at_look(PICTURE, b"garbage"),
}
AT_LISTENING: dict[str, Any] = {
    "sound too long": at_sound({"type": "sound", "samples": 2**31}),
    "sound negative": at_sound({"type": "sound", "samples": -1}),
    "picture for sound": at_sound(PICTURE),
    "sound hang up": lambda talk: (talk.begin(), talk.hear()),
}
LIES = WAITING | AT_OPENING | AT_LOOKING | AFTER_A_FRAME | AT_LISTENING

if __name__ == "__main__":
    LIES[sys.argv[2]](Talk(int(sys.argv[1])))
