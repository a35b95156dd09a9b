"""What can go wrong, as a tree:

JikimError                  everything below; says what, where and what to do, in Korean and English
├── BadUse                  the request itself is wrong (exit status 2)
├── NotConfigured           a part is absent because nobody set it up; politely skipped
├── AuthorityMissing        a real source or address without the centre's authority on record
├── FetchRefused            our own policy says no: private address, robots.txt, scheme; never retried
│   └── QuotaUsed           what a place allows a day is used up, or would be before the day is over
├── FetchFailed             the other side or the way there failed; may be retried
│   └── SourceChanged       a source answered in a shape we do not know
├── MediaUnreadable         a file that cannot be opened, is not media, or was stopped by the sandbox
├── SandboxUnavailable      the kernel lacks what the sandbox must have; nothing is opened
├── WeightsMissing          a model file is absent or has the wrong sha256
├── VaultError              a key or a sealed blob is missing, damaged or destroyed
└── StateError              a file under JIKIM_HOME is damaged, locked or newer than this version

An error carries a message key and parameters, never a ready sentence: `messages.toml` has the words. The parameters `where`
and `address` may hold an address or file name and are left out wherever addresses are masked.
"""

from __future__ import annotations

from jikim.messages import Message, render
from jikim.types import Hop, JsonValue

WHEREABOUTS = ("where", "address")


class JikimError(Exception):
    """`key` is a message key; `params` fill its placeholders."""

    def __init__(self, key: str, **params: JsonValue) -> None:
        super().__init__(key, params)
        self.key = key
        self.params = params

    def message(self, *, masked: bool = False) -> Message:
        """The error in Korean and English; `masked` leaves out where it happened."""
        hidden = {name: {"message": "masked.where"} for name in WHEREABOUTS if masked and name in self.params}
        return render(self.key, {**self.params, **hidden})

    def __str__(self) -> str:
        return self.message().en

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.key, self.params)


def _rebuild(kind: type[JikimError], key: str, params: dict[str, JsonValue]) -> JikimError:
    return kind(key, **params)


class BadUse(JikimError):
    pass


class NotConfigured(JikimError):
    pass


class AuthorityMissing(JikimError):
    pass


class FetchRefused(JikimError):
    chain: tuple[Hop, ...] = ()
    """What had answered on the way, in this process: the last answer is the one that was refused."""


class QuotaUsed(FetchRefused):
    pass


class FetchFailed(JikimError):
    """`params` may have `status` (the HTTP status) and `retry_after_s`."""

    chain: tuple[Hop, ...] = ()
    """What had answered on the way, in this process: the last answer is the one with the status."""

    @property
    def status(self) -> int | None:
        status = self.params.get("status")
        return status if isinstance(status, int) else None

    @property
    def retry_after_s(self) -> float | None:
        seconds = self.params.get("retry_after_s")
        return float(seconds) if isinstance(seconds, int | float) else None


class SourceChanged(FetchFailed):
    pass


class MediaUnreadable(JikimError):
    pass


class SandboxUnavailable(JikimError):
    pass


class WeightsMissing(JikimError):
    pass


class VaultError(JikimError):
    pass


class StateError(JikimError):
    pass
