"""`python -m bench [--videos DIR]`: prints every figure, and says which were left out for want of material."""

from __future__ import annotations

import argparse
import shutil
from importlib.resources import files
from pathlib import Path

from bench.desk_bench import bench_desk
from bench.desk_pages import bench_pages
from bench.evidence_bench import bench_evidence
from bench.removal_bench import bench_removal
from bench.scan_bench import bench_scan, bench_speech, bench_start
from bench.sources_bench import bench_sources
from bench.sweep_bench import bench_first_minute, bench_sweep


def main() -> None:
    """Runs the benches one after the other; nothing else should run meanwhile."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--videos", type=Path, help="a folder of harmless clips to join into a 10-minute video")
    parser.add_argument(
        "--only", choices=("start", "sources", "sweep", "desk", "pages", "removal", "evidence", "speech", "scan")
    )
    chosen = parser.parse_args()
    if chosen.only in (None, "start"):
        bench_start(Path(str(files("jikim").joinpath("practice", "fixtures", "test_card.png"))))
    if chosen.only in (None, "sources"):
        bench_sources()
    if chosen.only in (None, "sweep"):
        bench_sweep()
        bench_first_minute()
    if chosen.only in (None, "desk"):
        bench_desk()
    if chosen.only in (None, "pages"):
        bench_pages()
    if chosen.only in (None, "removal"):
        bench_removal()
    if chosen.only in (None, "evidence"):
        bench_evidence()
    if chosen.videos is None or shutil.which("ffmpeg") is None:
        print("\nScan and speech: left out; they need --videos DIR (make bench VIDEOS=DIR) and the ffmpeg command.")
        return
    if chosen.only in (None, "speech"):
        bench_speech(chosen.videos)
    if chosen.only in (None, "scan"):
        bench_scan(chosen.videos)


if __name__ == "__main__":  # the workers that are started import this file again
    main()
