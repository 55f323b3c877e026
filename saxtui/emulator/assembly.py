"""One embedded cloud put together: a world with every room installed in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from saxtui.emulator import controllers, google, kubernetes, sax, scenarios
from saxtui.emulator.google import GoogleApi
from saxtui.emulator.keeper import restore
from saxtui.emulator.ledger import Saved
from saxtui.emulator.scenarios import moments
from saxtui.emulator.world import World


class Cloud:
    """A world and the Google APIs over it; the Kubernetes APIs are made per cluster by the server.

    With `saved` it is the cloud that was kept: seed and scenario are those it had, and a scenario other than that one
    is added from now on. Raises scenarios.BadScenario when the scenario cannot be used.
    """

    def __init__(
        self, *, start: float, seed: int = 0, scenario: str | Path | None = None, saved: Saved | None = None
    ) -> None:
        if saved is not None:
            start, seed = saved.facts["now"], saved.facts["seed"]
        self.world = World(start=start, seed=seed)
        self.scenario = None if scenario is None else scenarios.read(scenarios.find(scenario))
        moments.attach(self.world)
        if saved is None and self.scenario is not None:
            scenarios.install(self.world, self.scenario, str(scenario))
        self.google: GoogleApi = google.install(self.world)
        kubernetes.install(self.world)
        controllers.install(self.world)
        sax.install(self.world)
        if saved is not None:
            restore(self.world, saved)
            self._add_scenario(saved, str(scenario))

    def _add_scenario(self, saved: Saved, name: str) -> None:
        if self.scenario in (None, saved.facts["scenario"]):
            self.scenario = saved.facts["scenario"]
        else:
            scenarios.install(self.world, self.scenario, name)

    def play(self, document: Any) -> None:
        """Let a scenario begin now: its times count from here. Raises scenarios.BadScenario."""
        scenarios.install(self.world, document)

    def facts(self) -> dict[str, Any]:
        """What has to be kept beside the world to make this cloud again."""
        return {"seed": self.world.seed, "scenario": self.scenario}
