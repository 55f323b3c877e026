"""What may be sent to a model, and with which parameters: the decisions of the chat screen. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from saxtui.catalog import sax_models
from saxtui.model.serving import Dialect, ModelStatus, Sampling
from saxtui.present.models import sentence

FIELDS = ("temperature", "top-k", "top-p", "max steps")


def dialect_of(answering: Dialect, image: str) -> Dialect:
    """The dialect that answers; before the first call, what the HTTP server image's tag says."""
    if answering is not Dialect.UNKNOWN:
        return answering
    return {"v1.0.0": Dialect.OLD, "v1.2.0": Dialect.NEW}.get(image.rpartition(":")[2], Dialect.UNKNOWN)


def dialect_note(dialect: Dialect) -> str:
    """What this HTTP server can and cannot do. Neither version streams (google/saxml, its HTTP server's source)."""
    if dialect is Dialect.OLD:
        return "this server (v1.0.0) takes no parameters and does not stream; one request at a time"
    if dialect is Dialect.NEW:
        return "this server (v1.2.0) takes parameters and does not stream"
    return "the server's version is not known yet"


def closed_fields(dialect: Dialect, path: str) -> Mapping[str, str]:
    """The parameters that cannot be set, each with the reason."""
    if dialect is Dialect.OLD:
        return dict.fromkeys(FIELDS, "the v1.0.0 server refuses parameters")
    if dialect is Dialect.UNKNOWN:
        return dict.fromkeys(FIELDS, "the server's version is not known yet")
    known = sax_models.find(path)
    if known is not None and not known.all_sampling:
        return dict.fromkeys(FIELDS, f"{known.name} does not take the four parameters the v1.2.0 server sends")
    return {}


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
    return Partner(found.id, found.path, f"{found.id} is not loaded yet ({sentence(found)}): Models (^o) shows it")
