"""Sealed, content-addressed storage: bytes are encrypted as they arrive and opened only into memory.

Every blob has a random data key; `keys(blob, holder, wrapped)` has that key wrapped for each holder, a day of sweeping or a
case. Destroying a holder destroys its private key and with it everything it alone held. `keys/` is backed up apart from
`blobs/`, under the same deletion clock.
"""

from jikim.vault.fields import open_field, seal_field
from jikim.vault.sealing import MEDIA_MAX_BYTES, Sealed, Sealing
from jikim.vault.vault import Vault, case_holder, open_vault, sweep_holder

__all__ = [
    "MEDIA_MAX_BYTES",
    "Sealed",
    "Sealing",
    "Vault",
    "case_holder",
    "open_field",
    "open_vault",
    "seal_field",
    "sweep_holder",
]
