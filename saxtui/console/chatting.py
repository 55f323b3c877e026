"""What may be sent to a model, and with which parameters: the decisions of the chat screen. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from saxtui.model.serving import ModelStatus, Sampling
from saxtui.model.talk import Abilities
from saxtui.present.models import sentence

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
    """Whom to talk to: the model's id and class, and why it cannot answer now ("" = it can)."""

    id: str
    path: str
    reason: str = ""


def partner(wanted: str, path: str, models: Sequence[ModelStatus] | None) -> Partner:
    """The deployment's model, or the one that is published instead. Unknown state is left to the engine to check."""
    if models is None:
        return Partner(wanted, path)
    found = next((model for model in models if model.id == wanted), None) or next(iter(models), None)
    if found is None:
        return Partner(wanted, path, f"{wanted} is not published: Models (^o), then p")
    if found.loaded:
        return Partner(found.id, found.path)
    if found.failed:
        return Partner(found.id, found.path, f"{found.id} failed to load: Models (^o) says why")
    return Partner(found.id, found.path, f"{found.id} is not loaded yet ({sentence(found)}): prompts are queued")
