"""What every controller is, and small pure helpers on Kubernetes objects that several of them need."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from random import Random
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from saxtui.emulator.kubernetes.store import KubeStore

Json = dict[str, Any]
SUFFIX_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
"""The alphabet of generated names (k8s.io/apimachinery, util/rand)."""


class Controller(Protocol):
    """Hears changes of some kinds of one or more clusters."""

    @property
    def kinds(self) -> tuple[str, ...]:
        """The Kind names it hears of."""

    def changed(self, store: KubeStore, event: str, obj: Json, before: Json | None) -> None:
        """`event` is ADDED, MODIFIED or DELETED. Must not change objects itself: only queue work."""


def suffix(rng: Random, letters: int = 5) -> str:
    """The random end of a generated name."""
    return "".join(rng.choice(SUFFIX_LETTERS) for _ in range(letters))


def meta(obj: Json) -> Json:
    """The metadata."""
    found: Json = obj.get("metadata") or {}
    return found


def place(obj: Json) -> tuple[str, str]:
    """(namespace, name)."""
    found = meta(obj)
    return str(found.get("namespace") or ""), str(found.get("name") or "")


def labels(obj: Json) -> dict[str, str]:
    """The labels, {} when none."""
    found: dict[str, str] = meta(obj).get("labels") or {}
    return found


def annotations_of(obj: Json) -> dict[str, str]:
    """The annotations, {} when none."""
    found: dict[str, str] = meta(obj).get("annotations") or {}
    return found


def spec(obj: Json) -> Json:
    """The spec, {} when none."""
    found: Json = obj.get("spec") or {}
    return found


def status(obj: Json) -> Json:
    """The status, {} when none."""
    found: Json = obj.get("status") or {}
    return found


def deleting(obj: Json) -> bool:
    """Whether deletion has begun."""
    return bool(meta(obj).get("deletionTimestamp"))


def owner_reference(owner: Json) -> Json:
    """The controller reference that a dependent carries."""
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": meta(owner)["name"],
        "uid": meta(owner)["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def owner(obj: Json) -> Json:
    """The controller's ownerReference, {} when there is none."""
    for reference in meta(obj).get("ownerReferences") or ():
        if reference.get("controller"):
            found: Json = reference
            return found
    return {}


def condition(obj: Json, kind: str) -> Json:
    """The condition of that type, {} when absent."""
    for found in status(obj).get("conditions") or ():
        if found.get("type") == kind:
            result: Json = found
            return result
    return {}


def has_condition(obj: Json, kind: str) -> bool:
    """Whether the condition of that type is "True"."""
    return bool(condition(obj, kind).get("status") == "True")


def with_condition(conditions: Iterable[Json], new: Json, stamp: str) -> list[Json]:
    """The conditions with `new` (type, status, reason, …) put in; the transition time moves with the status."""
    out = []
    found = False
    for old in conditions:
        if old.get("type") != new["type"]:
            out.append(old)
            continue
        found = True
        same = old.get("status") == new["status"]
        out.append({**old, **new, "lastTransitionTime": old.get("lastTransitionTime", stamp) if same else stamp})
    if not found:
        out.append({**new, "lastTransitionTime": stamp})
    return out


def epoch(stamp: str | None) -> float:
    """Seconds since 1970 of an RFC 3339 stamp, 0.0 for none."""
    return datetime.fromisoformat(stamp.replace("Z", "+00:00")).timestamp() if stamp else 0.0


def matches_labels(selector: dict[str, str], carried: dict[str, str]) -> bool:
    """Whether every pair of an equality selector is carried."""
    return all(carried.get(key) == value for key, value in selector.items())


def matches(selector: Json | None, carried: dict[str, str]) -> bool:
    """Whether a metav1.LabelSelector selects these labels; None selects nothing, {} everything."""
    if selector is None:
        return False
    if not matches_labels(selector.get("matchLabels") or {}, carried):
        return False
    return all(_expression(each, carried) for each in selector.get("matchExpressions") or ())


def _expression(expression: Json, carried: dict[str, str]) -> bool:
    key, operator, values = expression["key"], expression["operator"], expression.get("values") or ()
    if operator == "Exists":
        return key in carried
    if operator == "DoesNotExist":
        return key not in carried
    if operator == "In":
        return carried.get(key) in values
    return carried.get(key) not in values


def image_name(image: str) -> str:
    """The last part of an image without tag or digest, e.g. "sax-http"."""
    return image.rsplit("/", 1)[-1].split("@", 1)[0].split(":", 1)[0]


def image_tag(image: str) -> str:
    """The tag of an image, "latest" when it has none."""
    last = image.rsplit("/", 1)[-1].split("@", 1)[0]
    return last.split(":", 1)[1] if ":" in last else "latest"
