"""A plan written out for other tools: a bash script, Terraform with manifests, and a runbook. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from saxtui.engine.runs.manifests import Manifest
    from saxtui.model.deployment import Deployment
    from saxtui.model.plan import Plan

KINDS = ("bash", "terraform", "runbook")
LANGUAGES = ("en", "zh-TW")


def files(kind: str, plan: Plan, deployment: Deployment, manifest: Manifest, language: str = "en") -> dict[str, str]:
    """File name → text. Raises KeyError for an unknown kind or language.

    A bash script is one file, a runbook one Markdown file; Terraform is main.tf with the manifests beside it.
    """
    from saxtui.engine.export import bash, runbook, terraform

    if language not in LANGUAGES:
        raise KeyError(language)
    makers: dict[str, Callable[[], dict[str, str]]] = {
        "bash": lambda: bash.files(plan, deployment, manifest),
        "terraform": lambda: terraform.files(plan, deployment, manifest),
        "runbook": lambda: runbook.files(plan, deployment, manifest, language),
    }
    return makers[kind]()
