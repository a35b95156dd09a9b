"""Opens a picture on a kernel that refuses some system calls: `lesser_kernel.py FILE NUMBER=ERRNO...`; prints what came of it.

The refusing is done by the real kernel, by a seccomp filter of this program's own that its zygote and children inherit.
"""

from __future__ import annotations

import ctypes
import json
import struct
import sys

from jikim.config import Opening
from jikim.errors import JikimError
from jikim.media.opening import Opener, missing, open_path

ALLOW, ERRNO = 0x7FFF0000, 0x00050000


def refuse(calls: dict[int, int]) -> None:
    """From now on these system calls fail with these error numbers."""
    libc = ctypes.CDLL(None, use_errno=True)
    program = struct.pack("=HBBI", 0x20, 0, 0, 0)
    for number, error in calls.items():
        program += struct.pack("=HBBI", 0x15, 0, 1, number) + struct.pack("=HBBI", 0x06, 0, 0, ERRNO | error)
    program += struct.pack("=HBBI", 0x06, 0, 0, ALLOW)
    buffer = ctypes.create_string_buffer(program, len(program))
    pointer = struct.pack("=HxxxxxxQ", len(program) // 8, ctypes.addressof(buffer))
    assert libc.prctl(38, 1, 0, 0, 0) == 0
    assert libc.prctl(22, 2, ctypes.c_char_p(pointer), 0, 0) == 0


def main(path: str, *calls: str) -> None:
    refuse({int(number): int(error) for number, error in (call.split("=") for call in calls)})
    said: dict[str, object] = {"missing": [finding.name for finding in missing() if finding.is_mandatory]}
    said["lacking"] = [finding.name for finding in missing()]
    try:
        with Opener(Opening()) as opener, opener.open(open_path(path), "0" * 64) as media:
            said["frames"] = len(media.first_look())
    except JikimError as error:
        said |= {"error": type(error).__name__, "key": error.key, "text": str(error)}
    print(json.dumps(said))


if __name__ == "__main__":
    main(*sys.argv[1:])
