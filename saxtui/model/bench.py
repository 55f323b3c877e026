"""What a load test asks for, what it saw, and what may be said of it. Pure.

Latency runs from the moment a request was due to the end of its answer: at a fixed rate a request that had to wait for
a free connection is late, and that wait counts (it is told apart as `queued`).
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from saxtui.model.talk import Abilities

CHARACTERS_A_TOKEN = 4
"""An estimate for English text, used where the server does not count tokens."""
_WORDS = (
    "river", "mountain", "copper", "seven", "window", "letter", "engine", "garden", "silver", "measure", "winter",
    "planet", "story", "number", "harbor", "bridge", "paper", "thunder", "orange", "valley", "mirror", "quiet",
    "second", "color", "island", "candle", "market", "forest", "motion", "signal",
)  # fmt: skip
_BINS = 24
_POINTS = 60


@dataclass(frozen=True, slots=True)
class Load:
    """One measurement. `rate` in requests a second (0: as fast as `concurrency` allows).

    It ends after `count` requests, or `seconds` on the deployment's clock, whichever is given and comes first. `warmup`
    requests before it are sent and not counted. `max_in_flight` bounds a fixed rate: beyond it requests queue here.
    """

    concurrency: int = 1
    rate: float = 0.0
    count: int = 0
    seconds: float = 0.0
    warmup: int = 0
    max_in_flight: int = 256

    @property
    def title(self) -> str:
        """As people name it: `4 at once`, or `2.5 a second`."""
        return f"{self.rate:g} a second" if self.rate else f"{self.concurrency} at once"


@dataclass(frozen=True, slots=True)
class Sample:
    """One request. `due` seconds after the measurement began; `queued`, `first` and `seconds` are lengths in seconds.

    `first` is the time to the first piece of text, None where the answer came whole. `error` is "" for an answer, else
    the reason in a word or two. `counted` says whether `tokens` are the server's own count.
    """

    due: float
    seconds: float
    queued: float = 0.0
    first: float | None = None
    tokens: float = 0.0
    counted: bool = False
    error: str = ""


@dataclass(frozen=True, slots=True)
class Spread:
    """A distribution of lengths in seconds."""

    p50: float
    p90: float
    p95: float
    p99: float
    least: float
    mean: float
    most: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Spread | None:
        """Of these values; None of none."""
        ordered = sorted(values)
        if not ordered:
            return None
        p50, p90, p95, p99 = (percentile(ordered, percent) for percent in (50, 90, 95, 99))
        return cls(p50, p90, p95, p99, ordered[0], math.fsum(ordered) / len(ordered), ordered[-1])


@dataclass(frozen=True, slots=True)
class Measured:
    """What one Load came to. `seconds` is how long it lasted; `samples` are in the order they were due."""

    load: Load
    samples: tuple[Sample, ...]
    seconds: float
    stopped: bool = False

    @property
    def answered(self) -> tuple[Sample, ...]:
        """Those that got an answer."""
        return tuple(sample for sample in self.samples if not sample.error)

    @property
    def latency(self) -> Spread | None:
        """Of the answers; failures are counted, never mixed in."""
        return Spread.of(sample.seconds for sample in self.answered)

    @property
    def first(self) -> Spread | None:
        """Time to the first piece; None where nothing was streamed."""
        return Spread.of(sample.first for sample in self.answered if sample.first is not None)

    @property
    def queued(self) -> Spread | None:
        """How long requests waited here before they were sent."""
        return Spread.of(sample.queued for sample in self.samples)

    @property
    def per_second(self) -> float:
        """Answers a second."""
        return len(self.answered) / self.seconds if self.seconds > 0 else 0.0

    @property
    def tokens_per_second(self) -> float:
        """Tokens of all answers a second; an estimate unless `counted`."""
        return math.fsum(s.tokens for s in self.answered) / self.seconds if self.seconds > 0 else 0.0

    @property
    def counted(self) -> bool:
        """Whether the server counted the tokens of every answer itself."""
        return bool(self.answered) and all(sample.counted for sample in self.answered)

    @property
    def errors(self) -> dict[str, int]:
        """How many failed, by reason, most first."""
        found: dict[str, int] = {}
        for sample in self.samples:
            if sample.error:
                found[sample.error] = found.get(sample.error, 0) + 1
        return dict(sorted(found.items(), key=lambda item: -item[1]))


@dataclass(frozen=True, slots=True)
class BenchRun:
    """A whole run, as it is kept. `began` in epoch seconds; `speed` of the clock the lengths were taken on."""

    id: str
    target: str
    model: str
    server: str
    began: float
    speed: float
    prompts: int
    measured: tuple[Measured, ...]
    notes: tuple[str, ...] = ()


def begun(target: str, model: str, server: str, prompts: int, now: float, speed: float = 1.0) -> BenchRun:
    """A run that is about to begin at epoch seconds `now`; its id tells target and time and is a good file name."""
    short = "".join(c if c.isalnum() or c in "-_" else "-" for c in target.rpartition("//")[2])[:40].strip("-")
    # To the millisecond: a short run is followed by the next within one second, and none may replace another.
    stamp = f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime(now))}-{int(now * 1000) % 1000:03d}"
    return BenchRun(f"{short}-{stamp}", target, model, server, now, speed, prompts, ())


def generated(count: int, words: int = 12) -> tuple[str, ...]:
    """So many different prompts of so many words, the same every time: no two alike, so that no cache answers."""
    known = _WORDS
    return tuple(
        f"{number + 1}. "
        + " ".join(known[(number * 7 + place * (number % 5 + 3)) % len(known)] for place in range(words))
        for number in range(count)
    )


def percentile(ordered: Sequence[float], percent: float) -> float:
    """Linear between the two nearest of sorted values, as numpy and vllm do. Raises ValueError for no values."""
    if not ordered:
        raise ValueError("no values")
    place = (len(ordered) - 1) * percent / 100
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def tokens_of(text: str, counted: int | None) -> tuple[float, bool]:
    """The server's count, or an estimate of the text's; and whether it was counted."""
    return (float(counted), True) if counted is not None else (len(text) / CHARACTERS_A_TOKEN, False)


def notes(
    abilities: Abilities, loads: Sequence[Load], measured: Sequence[Measured], speed: float = 1.0
) -> tuple[str, ...]:
    """What a reader must know before believing the figures."""
    found = []
    if speed != 1.0:
        found.append(
            f"the embedded cloud's clock runs x{speed:g}: every millisecond of this machine counts as {speed:g}"
        )
    if abilities.one_at_a_time and any(load.concurrency > 1 or load.rate for load in loads):
        found.append(
            "this server handles one request at a time: more at once only queue behind each other, so latency grows "
            "with concurrency and throughput does not"
        )
    if not abilities.streams:
        found.append("this server does not stream: there is no time to the first token")
    if any(one.answered and not one.counted for one in measured):
        found.append(f"tokens are estimated at {CHARACTERS_A_TOKEN} characters each: the server does not count them")
    if any(len(one.answered) < 100 for one in measured):
        found.append("fewer than 100 answers: p99 is little more than the slowest one")
    return tuple(found)


def histogram(values: Sequence[float], bins: int = _BINS) -> tuple[tuple[float, float, int], ...]:
    """(from, to, how many), in equal steps from the least to the most."""
    if not values:
        return ()
    least, most = min(values), max(values)
    step = (most - least) / bins
    if step == 0:
        return ((least, most, len(values)),)
    counts = [0] * bins
    for value in values:
        counts[int(min((value - least) / step, bins - 1))] += 1
    return tuple((least + i * step, least + (i + 1) * step, count) for i, count in enumerate(counts))


def series(measured: Measured, points: int = _POINTS) -> tuple[tuple[float, int, float | None], ...]:
    """Over time: (seconds since the start, answers that ended in this interval, their median latency)."""
    if not measured.samples or measured.seconds <= 0:
        return ()
    step = measured.seconds / points
    if step == 0:
        return ()
    buckets: list[list[float]] = [[] for _ in range(points)]
    for sample in measured.answered:
        buckets[int(min((sample.due + sample.seconds) / step, points - 1))].append(sample.seconds)
    return tuple(
        (i * step, len(bucket), percentile(sorted(bucket), 50) if bucket else None) for i, bucket in enumerate(buckets)
    )


@dataclass(frozen=True, slots=True)
class Compared:
    """The same load in two runs: ratios of now to before, None where one of them has no answers."""

    title: str
    p50: float | None
    p99: float | None
    per_second: float | None
    errors: tuple[int, int]


def compare(before: BenchRun, now: BenchRun) -> tuple[Compared, ...]:
    """Load by load, those that both runs measured."""
    earlier = {one.load.title: one for one in before.measured}
    found = []
    for one in now.measured:
        other = earlier.get(one.load.title)
        if other is not None:
            old, new = other.latency, one.latency
            found.append(
                Compared(
                    one.load.title,
                    _ratio(new.p50, old.p50) if old and new else None,
                    _ratio(new.p99, old.p99) if old and new else None,
                    _ratio(one.per_second, other.per_second),
                    (sum(other.errors.values()), sum(one.errors.values())),
                )
            )
    return tuple(found)


def _ratio(now: float, before: float) -> float | None:
    return now / before if before > 0 else None


def to_data(run: BenchRun) -> dict[str, Any]:
    """As JSON data, samples and all."""
    return {
        "format": 1, "id": run.id, "target": run.target, "model": run.model, "server": run.server,
        "began": run.began, "speed": run.speed, "prompts": run.prompts, "notes": list(run.notes),
        "measured": [
            {
                "load": {name: getattr(one.load, name) for name in Load.__slots__},
                "seconds": one.seconds, "stopped": one.stopped,
                "samples": [[s.due, s.seconds, s.queued, s.first, s.tokens, s.counted, s.error] for s in one.samples],
            }
            for one in run.measured
        ],
    }  # fmt: skip


def from_data(data: dict[str, Any]) -> BenchRun:
    """The run kept as `data`. Raises ValueError, KeyError or TypeError for anything else."""
    if data.get("format") != 1:
        raise ValueError(f"format {data.get('format')!r} is not known here")
    measured = tuple(
        Measured(
            Load(**each["load"]),
            tuple(Sample(*sample) for sample in each["samples"]),
            float(each["seconds"]),
            bool(each["stopped"]),
        )
        for each in data["measured"]
    )
    return BenchRun(
        str(data["id"]), str(data["target"]), str(data["model"]), str(data["server"]), float(data["began"]),
        float(data["speed"]), int(data["prompts"]), measured, tuple(data["notes"]),
    )  # fmt: skip
