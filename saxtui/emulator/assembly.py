"""One embedded cloud put together: a world with every room installed in it."""

from __future__ import annotations

from pathlib import Path

from saxtui.emulator import controllers, google, kubernetes, sax, scenarios
from saxtui.emulator.google import GoogleApi
from saxtui.emulator.world import World


class Cloud:
    """A world and the Google APIs over it; the Kubernetes APIs are made per cluster by the server.

    Raises scenarios.BadScenario when the scenario file cannot be used.
    """

    def __init__(self, *, start: float, seed: int = 0, scenario: Path | None = None) -> None:
        self.world = World(start=start, seed=seed)
        if scenario is not None:
            scenarios.load(self.world, scenario)
        self.google: GoogleApi = google.install(self.world)
        kubernetes.install(self.world)
        controllers.install(self.world)
        sax.install(self.world)
