"""Label and field selectors: parsing as kubectl writes them, and matching."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from saxtui.emulator.kubernetes.objects import Json, labels_of
from saxtui.emulator.kubernetes.status import ApiError, bad_request

_KEY = r"[A-Za-z0-9](?:[-A-Za-z0-9_./]*[A-Za-z0-9])?"
_REQUIREMENT = re.compile(
    rf"\s*(?:(?P<not>!)\s*(?P<absent>{_KEY})"
    rf"|(?P<key>{_KEY})\s*(?:(?P<set>\b(?:in|notin)\b)\s*\((?P<values>[^)]*)\)"
    rf"|(?P<op>==|!=|=)\s*(?P<value>[-A-Za-z0-9_.]*))?)\s*(?:,|$)"
)


@dataclass(frozen=True, slots=True)
class Requirement:
    """`op` is in, notin, exists or absent."""

    key: str
    op: str
    values: frozenset[str] = frozenset()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """notin (and !=) also match when the label is absent."""
        if self.op == "exists":
            return self.key in labels
        if self.op == "absent":
            return self.key not in labels
        inside = self.key in labels and labels[self.key] in self.values
        return inside if self.op == "in" else not inside


Requirements = tuple[Requirement, ...]


def parse_labels(text: str) -> Requirements:
    """`a=b,c!=d,e in (f,g),h,!i`. Raises ApiError 400."""
    out: list[Requirement] = []
    at = 0
    while at < len(text.rstrip()):
        found = _REQUIREMENT.match(text, at)
        if found is None or found.end() == at:
            raise _unparsable(text, text[at:].strip())
        at = found.end()
        if found["not"]:
            out.append(Requirement(found["absent"], "absent"))
        elif found["set"]:
            values = frozenset(part.strip() for part in found["values"].split(","))
            out.append(Requirement(found["key"], found["set"], values))
        elif found["op"]:
            op = "notin" if found["op"] == "!=" else "in"
            out.append(Requirement(found["key"], op, frozenset({found["value"]})))
        else:
            out.append(Requirement(found["key"], "exists"))
    return tuple(out)


def _unparsable(text: str, rest: str) -> ApiError:
    word = rest.split(" ", 1)[0][:20] or rest
    return bad_request(
        f"unable to parse requirement: found '{word}', expected: !, identifier, or 'end of string' in \"{text}\""
    )


def matches_labels(requirements: Requirements, obj: Json) -> bool:
    """Whether the object's labels meet every requirement."""
    labels = labels_of(obj)
    return all(requirement.matches(labels) for requirement in requirements)


def matches_label_selector(selector: Json | None, labels: Mapping[str, str]) -> bool:
    """A LabelSelector object (matchLabels, matchExpressions); an empty or absent one matches all."""
    if not selector:
        return True
    if not (selector.get("matchLabels") or {}).items() <= labels.items():
        return False
    words = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "absent"}
    for expression in selector.get("matchExpressions") or []:
        op = words.get(str(expression.get("operator")), "absent")
        if not Requirement(str(expression.get("key")), op, frozenset(expression.get("values") or ())).matches(labels):
            return False
    return True


_REFERENCE = ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")
_FIELDS: dict[str, frozenset[str]] = {
    "Pod": frozenset(
        {
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.nominatedNodeName",
        }
    ),
    "Event": frozenset(
        {f"involvedObject.{name}" for name in _REFERENCE} | {"reason", "reportingComponent", "source", "type"}
    ),
    "Job": frozenset({"status.successful"}),
    "Secret": frozenset({"type"}),
    "Node": frozenset({"spec.unschedulable"}),
    "Namespace": frozenset({"status.phase"}),
    "Service": frozenset({"spec.clusterIP", "spec.type"}),
    "ReplicaSet": frozenset({"status.replicas"}),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class FieldTerm:
    """One `path=value` or `path!=value`."""

    path: str
    value: str
    equal: bool


FieldTerms = tuple[FieldTerm, ...]


def parse_fields(kind: str, text: str) -> FieldTerms:
    """Raises ApiError 400 for a field the kind cannot be selected by."""
    out: list[FieldTerm] = []
    for part in text.split(","):
        if not part.strip():
            continue
        found = re.fullmatch(r"\s*([^=!\s]+)\s*(==|!=|=)\s*(.*?)\s*", part)
        if found is None:
            raise bad_request(f"invalid selector: '{part}'; can't understand '{part}'")
        path, op, value = found.groups()
        if path not in ("metadata.name", "metadata.namespace") and path not in _FIELDS.get(kind, ()):
            raise bad_request(f"field label not supported: {path}")
        out.append(FieldTerm(path, value, op != "!="))
    return tuple(out)


def _field(obj: Json, path: str) -> str:
    if path == "status.successful":
        return str((obj.get("status") or {}).get("succeeded") or 0)
    if path == "source":
        return str((obj.get("source") or {}).get("component") or obj.get("reportingComponent") or "")
    value: Any = obj
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    if isinstance(value, bool):
        return str(value).lower()
    if value is None:
        return "false" if path in ("spec.unschedulable", "spec.hostNetwork") else ""
    return str(value)


def matches_fields(terms: FieldTerms, obj: Json) -> bool:
    """Whether the object meets every term."""
    return all((_field(obj, term.path) == term.value) == term.equal for term in terms)
