"""Faults as data: scenario files that name what goes wrong and when. `schema` says what they may say.

What rooms ask is here and imports none of them; `moments.attach` (for assemblies) is what acts on them.
"""

from __future__ import annotations

from saxtui.emulator.scenarios.files import BadScenario, check, find, install, load, read, shipped
from saxtui.emulator.scenarios.lookup import on_event, on_request, states

__all__ = ["BadScenario", "check", "find", "install", "load", "on_event", "on_request", "read", "shipped", "states"]
