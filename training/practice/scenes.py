"""All scenes by name."""

from __future__ import annotations

from festivals import FESTIVAL_SCENES
from landscapes import LANDSCAPES

SCENES = FESTIVAL_SCENES | LANDSCAPES
