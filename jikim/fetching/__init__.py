"""The one safe way to bring bytes here, and the gate for programs that bring their own."""

from jikim.fetching.address import parse
from jikim.fetching.content import sniff
from jikim.fetching.fetcher import SafeFetcher
from jikim.fetching.gate import Gate
from jikim.fetching.practice_proof import prove
from jikim.fetching.vantage import Vantage

__all__ = ["Gate", "SafeFetcher", "Vantage", "parse", "prove", "sniff"]
