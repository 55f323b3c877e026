"""One request and one answer, free of any HTTP library, so that verbs stay plain functions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from saxtui.emulator.kubernetes import protobuf
from saxtui.emulator.kubernetes.objects import Json
from saxtui.emulator.kubernetes.status import bad_request, not_acceptable, unsupported_media

JSON = "application/json"
YAML = ("application/yaml", "application/apply-patch+yaml")
PROTOBUF = "application/vnd.kubernetes.protobuf"


@dataclass(frozen=True, slots=True)
class Call:
    """What came in. Header names are lower case; `query` keeps the first value of each name."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def content_type(self) -> str:
        """Without parameters, lower case."""
        return self.headers.get("content-type", "").split(";")[0].strip().lower()

    @property
    def manager(self) -> str:
        """The field manager: as asked, or the user agent up to its slash."""
        agent = self.headers.get("user-agent", "").split("/")[0]
        return (self.query.get("fieldManager") or agent or "unknown")[:128]

    @property
    def dry_run(self) -> bool:
        """dryRun=All. Raises ApiError 400 for another value."""
        asked = self.query.get("dryRun", "")
        if asked not in ("", "All"):
            raise bad_request(f'Invalid value: []string{{"{asked}"}}: supported values: "All"')
        return asked == "All"

    def flag(self, name: str) -> bool:
        """A boolean query parameter."""
        return self.query.get(name, "").lower() in ("true", "1")


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes out: JSON data, or text."""

    code: int
    body: Json | str
    warnings: tuple[str, ...] = ()
    content_type: str = JSON


@dataclass(frozen=True, slots=True)
class Form:
    """The form an answer is wanted in: `kind` is "" (whole objects), Table or PartialObjectMetadata."""

    kind: str = ""
    version: str = "v1"


def wanted_form(accept: str) -> Form:
    """From an Accept header, first acceptable entry. Raises ApiError 406."""
    entries = [part.strip() for part in accept.split(",") if part.strip()] or ["*/*"]
    for entry in entries:
        media, *parameters = [part.strip() for part in entry.split(";")]
        given = dict(part.split("=", 1) for part in parameters if "=" in part)
        if media not in (JSON, "*/*", "application/*"):
            continue
        kind = given.get("as", "")
        if not kind:
            return Form()
        if given.get("g") == "meta.k8s.io" and given.get("v") in ("v1", "v1beta1"):
            return Form("Table" if kind == "Table" else "PartialObjectMetadata", given["v"])
    raise not_acceptable()


def aggregated(accept: str) -> str:
    """The aggregated discovery version asked for first ("v2", "v2beta1"), or ""."""
    for entry in accept.split(","):
        if "g=apidiscovery.k8s.io" in entry and "as=APIGroupDiscoveryList" in entry:
            return "v2" if "v=v2;" in entry.replace(" ", "") + ";" else "v2beta1"
    return ""


def decode(call: Call) -> Json:
    """The object in a request's body: JSON, YAML or (for some kinds) protobuf. Raises ApiError 400 or 415."""
    kind = call.content_type or JSON
    if kind == PROTOBUF:
        return protobuf.decode(call.body)
    if kind != JSON and kind not in YAML:
        raise unsupported_media((JSON, YAML[0], PROTOBUF))
    return _mapping(_parse(call.body, as_yaml=kind in YAML))


def _parse(body: bytes, *, as_yaml: bool) -> Any:
    try:
        parsed = yaml.safe_load(body) if as_yaml else json.loads(body)
        if b"\\ud" in body.lower():
            json.dumps(parsed, ensure_ascii=False, default=str).encode()  # half a surrogate pair is no text
        return parsed
    except (ValueError, RecursionError, yaml.YAMLError) as failure:
        raise bad_request(f"error decoding the body: {failure}") from None


def _mapping(value: Any) -> Json:
    if not isinstance(value, dict):
        raise bad_request("couldn't get version/kind; json parse error: the body is not an object")
    return value


def options(call: Call) -> Json:
    """A DELETE's body, {} when there is none."""
    return _mapping(_parse(call.body, as_yaml=False)) if call.body.strip() else {}
