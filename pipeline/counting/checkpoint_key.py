"""What decides what the finished tiles of a slide hold: only a count of the same key may take them over."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.provenance import SourceState, versions
from pipeline.settings import CountSettings

__all__ = ["CheckpointKey"]

_SAME_CELLS = frozenset({"workers", "scheduler", "report", "red_cells_per_ul"})
"""Settings that change nothing of what a tile holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointKey:
    """The slide's files as they were found, the settings, and the networks by their role."""

    state: SourceState
    settings: CountSettings
    models: Mapping[str, object]

    def line(self) -> str:
        """All of it as one short line; another version of smearcount gives another one."""
        names = [name for name in self.settings.__slots__ if name not in _SAME_CELLS]
        decides = {name: str(getattr(self.settings, name)) for name in names}
        facts = [self.state.facts(), decides, self.models, versions()]
        return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()
