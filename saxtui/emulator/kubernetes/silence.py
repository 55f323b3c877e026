"""Watches that fall silent, a fault of the scenario: half-open connections that carry nothing for a while."""

from __future__ import annotations

from saxtui.emulator.world import World

TABLE = "scenario.watches"
NAP = 0.05
"""Real seconds between two looks at the silence, in worlds where there can be one."""


class Silence:
    """What one watch knows of it. The row "silence": `from`, `until` (epoch seconds) and `then`."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._since = world.now
        self.possible = any(row["fault"] == "watch-silent" for row in world.table("scenario.faults").values())

    def holds(self) -> bool:
        """Whether nothing may be said now."""
        row = self._world.table(TABLE).get("silence") if self.possible else None
        return row is not None and self._world.now < row["until"]

    def verdict(self) -> str:
        """How a silence that this watch was in has ended: "" (there was none, or it goes on), close or expired."""
        row = self._world.table(TABLE).get("silence") if self.possible else None
        if row is None or self._world.now < row["until"] or self._since >= row["until"]:
            return ""
        return "" if row["then"] == "resume" else str(row["then"])
