"""All rules in order: the deeper the cause, the earlier."""

from __future__ import annotations

from saxtui.engine.diagnosis import (
    admin,
    cloud,
    containers,
    http,
    identity,
    images,
    jobset,
    local,
    mesh,
    models,
    nodes,
    scheduling,
)
from saxtui.engine.diagnosis.rule import Finding, Rule

__all__ = ["ALL", "Finding", "Rule"]

_FAMILIES = (local, cloud, nodes, scheduling, images, identity, admin, containers, jobset, mesh, models, http)
ALL: tuple[Rule, ...] = tuple(rule for family in _FAMILIES for rule in family.RULES)
