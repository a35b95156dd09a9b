"""Owns an opener and keeps a film open: prints its zygote's address, then waits to be killed. `owner.py FILE`."""

from __future__ import annotations

import signal
import sys

from jikim.config import Opening
from jikim.media.opening import Opener, open_path

with Opener(Opening()) as opener, opener.open(open_path(sys.argv[1]), "0" * 64) as media:
    media.first_look()
    print(opener.address, flush=True)
    signal.pause()
