"""Load tests as figures: percentiles, histograms, time series, what must be said of them, and how a run is kept."""

from __future__ import annotations

import itertools
import json
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saxtui.model import bench
from saxtui.model.bench import BenchRun, Load, Measured, Sample, Spread
from saxtui.model.talk import Abilities

lengths = st.floats(0, 1e6, allow_nan=False)
samples = st.builds(
    Sample, due=lengths, seconds=lengths, queued=lengths, first=st.none() | lengths, tokens=lengths,
    counted=st.booleans(), error=st.sampled_from(["", "", "TIMEOUT", "500"]),
)  # fmt: skip
loads = st.builds(Load, concurrency=st.integers(1, 64), rate=st.sampled_from([0.0, 2.5]), count=st.integers(0, 99))
measurements = st.builds(
    Measured, load=loads, samples=st.lists(samples, max_size=40).map(tuple), seconds=st.floats(0, 1e5),
    stopped=st.booleans(),
)  # fmt: skip


@given(st.lists(lengths, min_size=2, max_size=200))
def test_percentiles_are_those_of_the_standard_library(values: list[float]) -> None:
    cuts = statistics.quantiles(values, n=100, method="inclusive")
    spread = Spread.of(values)
    assert spread is not None
    assert (spread.p50, spread.p90, spread.p99) == pytest.approx((cuts[49], cuts[89], cuts[98]))
    assert spread.least <= spread.p50 <= spread.p90 <= spread.p95 <= spread.p99 <= spread.most


def test_nothing_has_no_spread() -> None:
    assert Spread.of([]) is None
    with pytest.raises(ValueError, match="no values"):
        bench.percentile([], 50)


@given(st.lists(lengths, max_size=200), st.integers(1, 40))
def test_a_histogram_counts_every_value_once(values: list[float], bins: int) -> None:
    found = bench.histogram(values, bins)
    assert sum(count for *_, count in found) == len(values)
    assert len(found) <= bins
    assert all(before[1] == after[0] for before, after in itertools.pairwise(found))


@given(measurements)
def test_failures_are_counted_apart(one: Measured) -> None:
    assert len(one.answered) + sum(one.errors.values()) == len(one.samples)
    assert "" not in one.errors
    if one.latency is not None:
        assert one.latency.most == max(sample.seconds for sample in one.samples if not sample.error)


@given(measurements)
def test_the_series_holds_every_answer_once(one: Measured) -> None:
    found = bench.series(one)
    if found:
        assert sum(count for _, count, _ in found) == len(one.answered)


@given(st.lists(measurements, max_size=3))
def test_a_kept_run_comes_back_the_same(measured: list[Measured]) -> None:
    run = BenchRun("a", "here", "/sax/test/m", "v1.2.0", 1.5, 60.0, 3, tuple(measured), ("said",))
    assert bench.from_data(json.loads(json.dumps(bench.to_data(run)))) == run


@pytest.mark.parametrize("data", [{}, {"format": 2}, {"format": 1}, {"format": 1, "id": 1, "measured": [{}]}])
def test_anything_else_is_no_run(data: dict[str, object]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        bench.from_data(data)


def test_a_single_threaded_server_makes_concurrency_meaningless() -> None:
    old = Abilities(one_at_a_time=True)
    assert any("one request at a time" in note for note in bench.notes(old, [Load(4)], []))
    assert any("one request at a time" in note for note in bench.notes(old, [Load(rate=2.0)], []))
    assert not any("one request at a time" in note for note in bench.notes(old, [Load(1)], []))
    assert not any("one request at a time" in note for note in bench.notes(Abilities(), [Load(4)], []))


def test_estimated_tokens_are_called_estimates() -> None:
    def one(counted: bool) -> Measured:
        return Measured(Load(), (Sample(0, 1, tokens=5, counted=counted),), 1.0)

    assert any("estimated" in note for note in bench.notes(Abilities(), [Load()], [one(False)]))
    assert not any("estimated" in note for note in bench.notes(Abilities(), [Load()], [one(True)]))
    assert bench.tokens_of("12345678", None) == (2.0, False) and bench.tokens_of("12345678", 3) == (3.0, True)


def test_runs_are_compared_load_by_load() -> None:
    def run(seconds: float, *numbers: int) -> BenchRun:
        measured = tuple(Measured(Load(n), (Sample(0, seconds),), seconds) for n in numbers)
        return BenchRun("a", "t", "m", "", 0, 1, 1, measured)

    (found,) = bench.compare(run(2.0, 1, 4), run(1.0, 4, 8))
    assert (found.title, found.p50, found.per_second, found.errors) == ("4 at once", 0.5, 2.0, (0, 0))


def test_generated_prompts_differ_and_are_always_the_same() -> None:
    found = bench.generated(200, 9)
    assert len(set(found)) == 200 and found == bench.generated(200, 9)
    assert {len(prompt.split()) for prompt in found} == {10}


def test_a_runs_id_is_a_file_name_and_two_runs_of_one_second_are_two() -> None:
    ids = [bench.begun("http://127.0.0.1:80/v1", "m", "", 1, 1_700_000_000.0 + begins).id for begins in (0.125, 0.5)]
    assert ids == ["127-0-0-1-80-v1-20231114-221320-125", "127-0-0-1-80-v1-20231114-221320-500"]
