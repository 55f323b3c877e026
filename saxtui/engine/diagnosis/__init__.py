"""Says why something is red or grey, by rules that fire on one frozen picture. Pure: no I/O, no clock."""

from __future__ import annotations

from saxtui.engine.diagnosis.case import Case, Fallen, Heard
from saxtui.engine.diagnosis.judge import diagnose, fired, report
from saxtui.engine.diagnosis.rules import ALL, Rule

__all__ = ["ALL", "Case", "Fallen", "Heard", "Rule", "diagnose", "fired", "report"]
