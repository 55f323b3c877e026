"""Prometheus' text format, read for what TPU device plugins tell."""

from __future__ import annotations

import pytest

from saxtui.adapters.kubernetes.exposition import chip_samples
from saxtui.model.chips import ChipSample

LABELS = (
    'accelerator_id="1234567890123456789-4",container="c",make="cloud-tpu",model="tpu7x",namespace="ns",pod="p-0",'
    'tpu_topology="2x2x2"'
)
NODE = 'accelerator_id="1234567890123456789-0",make="cloud-tpu",model="tpu7x",tpu_topology="2x2x2"'
CHIP = "1234567890123456789-4"


def sample(name: str, value: float) -> ChipSample:
    return ChipSample(name, "ns", "p-0", CHIP, value)


def test_what_a_plugin_serves() -> None:
    """Lines as they were captured from a 7x node: numbers with exponents, the node's own series, Go's own metrics."""
    text = f"""\
# HELP duty_cycle Percent of time when the TPU was actively processing
# TYPE duty_cycle gauge
duty_cycle{{{LABELS}}} 99
# HELP duty_cycle_node Percent of time when the TPU was actively processing
# TYPE duty_cycle_node gauge
duty_cycle_node{{{NODE}}} 0
go_gc_duration_seconds{{quantile="0"}} 2.8e-05
memory_total{{{LABELS}}} 2.03465670656e+11
memory_used{{{LABELS}}} 1.76938736128e+11
memory_bandwidth_utilization_node{{{NODE}}} 42.5
tensorcore_utilization{{{LABELS}}} 41.25
promhttp_metric_handler_requests_total{{code="200"}} 37730
"""
    assert list(chip_samples(text)) == [
        sample("duty_cycle", 99), sample("memory_total", 203465670656), sample("memory_used", 176938736128),
        sample("tensorcore_utilization", 41.25),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "value"),
    [
        (f"duty_cycle{{{LABELS}}} 12 1795797923000", 12),
        (f"duty_cycle{{{LABELS}}}\t12.50", 12.5),
        (f"duty_cycle{{{LABELS},}} 12\r", 12),
        (f"duty_cycle{{ {LABELS.replace('=', ' = ')} }} -1E+1", -10),
        (f'duty_cycle{{{LABELS},other="a }} \\" {{ b"}} 3', 3),
        (f"duty_cycle{{{LABELS}}} +Inf", float("inf")),
    ],
)
def test_what_the_format_allows(line: str, value: float) -> None:
    assert list(chip_samples(f"{line}\n")) == [sample("duty_cycle", value)]


@pytest.mark.parametrize(
    "line",
    [
        f"duty_cycle{{{NODE}}} 5",
        f"xduty_cycle{{{LABELS}}} 5",
        f"duty_cycle{{{LABELS}}} five",
        f"duty_cycle{{{LABELS}}} 1.2.3",
        f"duty_cycle{{{LABELS}}}",
        f"duty_cycle{{{LABELS}",
        'duty_cycle{pod="p} 5',
        "duty_cycle 5",
        "<html>duty_cycle</html>",
        "",
    ],
)
def test_what_is_no_sample_of_a_chip_is_passed_over(line: str) -> None:
    assert list(chip_samples(f"{line}\n")) == []


def test_labels_are_unescaped_and_made_harmless() -> None:
    hostile = 'duty_cycle{accelerator_id="a\\\\b\\"c\\nd",namespace="n",pod="p\x1b[31m"} 1\n'
    (found,) = chip_samples(hostile)
    assert found.chip.startswith('a\\b"c') and "\n" not in found.chip
    assert "\x1b" not in found.pod


def test_a_large_answer_that_never_ends_its_labels_takes_no_time_worth_telling() -> None:
    assert list(chip_samples('duty_cycle{pod="' + '\\"' * 500_000 + "\n")) == []
    assert list(chip_samples("duty_cycle{" + 'a="b",' * 200_000 + "\n")) == []
