"""The steps: one file a resource."""

from __future__ import annotations

from collections.abc import Callable

from saxtui.engine.protocol.step import StepContext

ContextMaker = Callable[[str], StepContext]
"""Makes the context of one step, by its id, for the run in progress."""
