"""Prometheus' text format, as far as gauges of TPU chips need it: `name{label="value",…} number [milliseconds]`. Pure.

https://prometheus.io/docs/instrumenting/exposition_formats. What is no such line, or of another name, is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from saxtui.model.chips import NAMES, ChipSample
from saxtui.model.text import safe

_NUMBER = r"[+-]?(?:[\d.]+(?:[eE][+-]?\d+)?|Inf|NaN)"
_PAIR = re.compile(r'\s*([a-zA-Z_]\w*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*,?')
_ESCAPE = re.compile(r"\\(.)")
_ESCAPES = {"n": "\n"}


def _pattern(names: Collection[str]) -> re.Pattern[str]:
    labels = r'\{((?:[^"{}\n]++|"(?:[^"\\\n]|\\.)*+")*+)\}'
    return re.compile(rf"^({'|'.join(names)}){labels}[ \t]+({_NUMBER})(?:[ \t]+-?\d+)?[ \t\r]*$", re.MULTILINE)


_LINE = _pattern(NAMES)


def chip_samples(text: str) -> Iterator[ChipSample]:
    """The samples of chips that containers hold; those without a pod (the node's own) are passed over. Sanitized."""
    for name, inside, number in _LINE.findall(text):
        labels = {key: _ESCAPE.sub(_unescaped, value) for key, value in _PAIR.findall(inside)}
        if labels.get("pod") and labels.get("accelerator_id"):
            namespace, pod, chip = (safe(labels.get(key, "")) for key in ("namespace", "pod", "accelerator_id"))
            try:
                yield ChipSample(name, namespace, pod, chip, float(number))
            except ValueError:
                continue


def _unescaped(found: re.Match[str]) -> str:
    return _ESCAPES.get(found[1], found[1])
