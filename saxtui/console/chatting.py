"""What may be sent to a model, and with which parameters: the decisions of the chat screen. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from saxtui.model.serving import ModelStatus, Rung, Sampling
from saxtui.model.talk import Abilities
from saxtui.present.models import load_time, sentence
from saxtui.present.times import clock

if TYPE_CHECKING:
    from saxtui.engine.diagnosis import Fallen
    from saxtui.model.cluster import ClusterView

FIELDS = {"temperature": "temperature", "top-k": "top_k", "top-p": "top_p", "max steps": "max_steps"}
"""What the screen calls a parameter, and its name in Sampling."""
ANSWERS = "answers"
MOST_ANSWERS = 16


def open_fields(abilities: Abilities | None) -> tuple[str, ...]:
    """The parameters that can be set, as the screen calls them; none while the server is not known."""
    if abilities is None:
        return ()
    fields = [name for name, attribute in FIELDS.items() if attribute in abilities.parameters]
    return (*fields, *((ANSWERS,) if abilities.count else ()))


def sampling_of(texts: Mapping[str, str]) -> Sampling | None:
    """The parameters typed; None when all are blank. Raises ValueError that names the field and its range."""
    temperature = _number(texts, "temperature", 0.0, 10.0)
    top_k = _number(texts, "top-k", 1, 1_000_000, whole=True)
    top_p = _number(texts, "top-p", 0.0, 1.0)
    steps = _number(texts, "max steps", 1, 1_000_000, whole=True)
    if temperature is top_k is top_p is steps is None:
        return None
    return Sampling(
        temperature, None if top_k is None else int(top_k), top_p, None if steps is None else int(steps)
    )  # fmt: skip


def answers_of(texts: Mapping[str, str]) -> int:
    """How many candidates are asked for. Raises ValueError that names the field and its range."""
    return int(_number(texts, ANSWERS, 1, MOST_ANSWERS, whole=True) or 1)


def _number(texts: Mapping[str, str], name: str, least: float, most: float, *, whole: bool = False) -> float | None:
    text = texts.get(name, "").strip()
    if not text:
        return None
    legal = f"{name}: a {'whole ' if whole else ''}number from {least:g} to {most:g}, or nothing for the default"
    try:
        value = float(text)
    except ValueError:
        raise ValueError(legal) from None
    if not least <= value <= most or (whole and value != int(value)):
        raise ValueError(legal)
    return value


@dataclass(frozen=True, slots=True)
class Partner:
    """Whom to talk to: the model's id and class, why it cannot answer now ("" = it can), or what is wrong although."""

    id: str
    path: str
    reason: str = ""
    warning: str = ""


def partner(
    wanted: str, path: str, models: Sequence[ModelStatus] | None, fallen: Sequence[Fallen] = (),
    view: ClusterView | None = None,
) -> Partner:  # fmt: skip
    """The deployment's model, or the one that is published instead. Unknown state is left to the engine to check.

    `fallen` are the containers seen to end badly and `view` the cluster: they tell why a model answers no more.
    """
    if models is None:
        return Partner(wanted, path)
    found = next((model for model in models if model.id == wanted), None) or next(iter(models), None)
    if found is None:
        return Partner(wanted, path, f"{wanted} is not published: Models (^o), then p")
    hurt = next((f"slice {item.slice} cannot answer: {item.broken}" for item in found.replicas if item.broken), "")
    if found.able:
        return Partner(found.id, found.path, warning=hurt)
    if found.failed:
        return Partner(found.id, found.path, f"{found.id} failed to load: Models (^o) says why")
    if death := _death(found, fallen):
        return Partner(found.id, found.path, _outage(found, death, view))
    if hurt:
        return Partner(found.id, found.path, f"{hurt}; prompts are queued")
    return Partner(found.id, found.path, f"{found.id} is not loaded yet ({sentence(found)}): prompts are queued")


_ONE_OUTAGE = 120.0
"""Seconds within which hosts that end have ended for the same cause: the first of them is the one to name."""


def _death(model: ModelStatus, fallen: Sequence[Fallen]) -> Fallen | None:
    """The host whose end the model waits for: the first of the last outage, unless it was published since."""
    published = min(
        (found.at for item in model.replicas for found in item.evidence if found.rung is Rung.PUBLISHED), default=0.0
    )
    hosts = [item for item in fallen if item.slice >= 0 and item.ending.at >= published]
    last = max((item.ending.at for item in hosts), default=0.0)
    return min(
        (item for item in hosts if item.ending.at >= last - _ONE_OUTAGE), key=lambda item: item.ending.at, default=None
    )


def _outage(model: ModelStatus, death: Fallen, view: ClusterView | None) -> str:
    ending = death.ending
    how = ", ".join(filter(None, (ending.reason, f"exit code {ending.code}" if ending.code > 0 else "")))
    said = f"host {death.slice}-{death.host} died at {clock(ending.at)} ({how})"
    job_set = view.jobset if view is not None else None
    if job_set is not None and job_set.terminal:
        return f"{said}, and the JobSet failed for good: prompts are queued until it is made anew (Slices, then w)"
    if view is not None and job_set is not None and job_set.restarts and death.uid not in view.pods:
        said += f": JobSet restarts all slices ({job_set.restarts} of {job_set.max_restarts})"
    usual = load_time(model.usual)
    return f"{said}; prompts are queued until the model is loaded{usual and f', {usual}'}"
