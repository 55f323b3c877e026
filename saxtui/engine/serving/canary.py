"""The canary: a tiny bounded prompt now and then. It is what exposes a slice that hangs while all its pods run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from statistics import median

from saxtui.engine.store import Part, Store
from saxtui.errors import CallError
from saxtui.model.serving import Beat, Pulse, Sampling
from saxtui.model.talk import Ask
from saxtui.ports import Clock, Talker

KEPT = 60
"""Beats that are kept and shown."""
EVERY = 30.0
"""Seconds of the deployment's clock from beat to beat, where nothing else is asked for."""
_LEAST = 0.5
"""Real seconds between beats, however fast the clock runs."""
_TIMEOUT = 30.0
_LEAST_TIMEOUT = 5.0
"""Real seconds a beat may take at least, however fast the clock runs: this machine needs time too."""
_PROMPT = "1"
_SLOW = 10.0
_SLOWER = 3.0
"""A beat is slow beyond _SLOW seconds (one real one on a fast clock), and beyond _SLOWER times the usual one."""


class Canary:
    """Beats when it is told to; `on` is the operator's switch. Beats go to the loaded models in turn."""

    def __init__(
        self, talker: Talker, store: Store, clock: Clock, in_use: Callable[[], bool], every: float = EVERY,
        keep: Callable[[Beat], Awaitable[None]] | None = None,
    ) -> None:  # fmt: skip
        """`in_use`: whether a prompt of somebody is queued or with the server. The single-threaded server would make
        it wait behind the canary. `every` seconds from beat to beat, 0 = off at first; `keep` is told of each beat."""
        self.on = every > 0
        self._every = every or EVERY
        self._keep = keep
        self._talker = talker
        self._store = store
        self._clock = clock
        self._in_use = in_use
        self._turn = 0
        self._due = 0.0

    async def maybe(self) -> Beat | None:
        """Beat if it is on, due, and nobody is in the way; puts it into the store."""
        now = self._clock.now()
        loaded = [status.id for status in self._store.state.models.value or () if status.loaded]
        if not self.on or not loaded or now < self._due or self._in_use():
            return None
        self._due = now + max(self._every, _LEAST * self._clock.speed)
        self._turn += 1
        return await self.beat(loaded[self._turn % len(loaded)])

    async def beat(self, model: str) -> Beat:
        """One beat now; puts it into the store. Never raises for a server that does not answer: that is the beat."""
        timeout = max(_LEAST_TIMEOUT, _TIMEOUT / self._clock.speed)
        started = self._clock.now()
        pulse, said = Pulse.OK, ""
        try:
            abilities = await self._talker.abilities(model, min(timeout, 10.0))
            steps = Sampling(max_steps=1) if "max_steps" in abilities.parameters else None
            started = self._clock.now()
            answer = await self._talker.generate(Ask(_PROMPT, model, steps, timeout=timeout))
            if answer.seconds > max(_SLOW, self._clock.speed, _SLOWER * self._usual()):
                pulse = Pulse.SLOW
        except CallError as error:
            pulse = {"TIMEOUT": Pulse.TIMEOUT, "ONE_AT_A_TIME": Pulse.BLOCKED}.get(error.problem.reason, Pulse.ERROR)
            said = error.problem.said
        beat = Beat(started, pulse, self._clock.now() - started, model, said)
        last = self._store.state.beats.value or ()
        self._store.change(beats=Part(value=(*last, beat)[-KEPT:], as_of=beat.at))
        if self._keep is not None:
            await self._keep(beat)
        return beat

    def _usual(self) -> float:
        good = [beat.seconds for beat in self._store.state.beats.value or () if beat.good]
        return median(good) if good else 0.0
