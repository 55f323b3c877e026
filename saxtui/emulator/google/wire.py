"""Requests, answers and routes: the seam between HTTP and the pure Google APIs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from saxtui.emulator.google.errors import GoogleError

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request. `path` is still percent-escaped; `query` has one value a key; header names are lower-case."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    pairs: tuple[tuple[str, str], ...] = ()

    def query_all(self, name: str) -> list[str]:
        """Every value of a repeated query parameter, in order."""
        return [value for key, value in self.pairs if key == name]

    def json(self) -> Json:
        """The body as an object; {} when empty. Raises GoogleError 400."""
        if not self.body.strip():
            return {}
        try:
            parsed = json.loads(self.body, parse_constant=_no_number)
            if b"\\ud" in self.body.lower():
                json.dumps(parsed, ensure_ascii=False).encode()  # half a surrogate pair is no text
        except (ValueError, RecursionError) as error:
            raise GoogleError(400, f"Invalid JSON payload received. {error}") from None
        if not isinstance(parsed, dict):
            raise GoogleError(400, "Invalid JSON payload received. Root element must be a message.")
        return parsed


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json; charset=UTF-8"
    headers: Mapping[str, str] = field(default_factory=dict)
    drop: bool = False
    """The connection closes instead."""
    delay: float = 0.0
    """Simulated seconds before it leaves."""

    @classmethod
    def json(cls, payload: Any, status: int = 200) -> Answer:
        """A JSON answer, indented as Google's are."""
        return cls(status, json.dumps(payload, indent=2, ensure_ascii=False).encode() + b"\n")


def _no_number(text: str) -> Any:
    """NaN and Infinity are Python's, not JSON's."""
    raise ValueError(f"Unexpected token. {text}")


class Call:
    """A request matched to a route: its path parameters, unescaped, beside the request itself."""

    __slots__ = ("params", "request")

    def __init__(self, request: Request, params: Mapping[str, str]) -> None:
        self.request = request
        self.params = params

    def __getitem__(self, name: str) -> str:
        return self.params[name]

    def query(self, name: str, default: str = "") -> str:
        """One query parameter."""
        return self.request.query.get(name, default)


Handler = Callable[[Call], Json | Answer]
_PLACEHOLDER = re.compile(r"\{(\w+)(!?)\}")


def _pattern(template: str) -> re.Pattern[str]:
    """`{name}` stands for a segment without a colon or an escaped slash, `{name!}` for any one escaped segment."""
    out, last = [], 0
    for match in _PLACEHOLDER.finditer(template):
        out.append(re.escape(template[last : match.start()]))
        out.append(f"(?P<{match[1]}>{'[^/]+' if match[2] else '[^/:]+'})")
        last = match.end()
    out.append(re.escape(template[last:]))
    return re.compile("".join(out))


class Route:
    """One method of one API. `mutating` says whether it can change state; by default whatever is not a GET."""

    __slots__ = ("handler", "method", "mutating", "pattern", "plain", "service", "template")

    def __init__(
        self, service: str, method: str, template: str, handler: Handler, *, mutating: bool | None = None
    ) -> None:
        self.service = service
        self.method = method
        self.template = template.replace("!}", "}")
        self.pattern = _pattern(template)
        self.plain = tuple(found[1] for found in _PLACEHOLDER.finditer(template) if not found[2])
        self.handler = handler
        self.mutating = method != "GET" if mutating is None else mutating


@dataclass(frozen=True, slots=True)
class Match:
    """A route and the path parameters it took."""

    route: Route
    params: Mapping[str, str]


class Router:
    """Routes by method and path."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._routes: dict[str, list[Route]] = {}
        for route in routes:
            self._routes.setdefault(route.method, []).append(route)

    def templates(self) -> Iterator[tuple[str, str]]:
        """(method, template) of every route."""
        return ((method, route.template) for method, routes in self._routes.items() for route in routes)

    def match(self, method: str, path: str) -> Match | None:
        """The first route that fits, or None."""
        for route in self._routes.get(method, ()):
            found = route.pattern.fullmatch(path)
            if found:
                params = {name: unquote(value) for name, value in found.groupdict().items()}
                if not any("/" in params[name] for name in route.plain):
                    return Match(route, params)
        return None


_SERVICE_OF_PATH = (
    (re.compile(r"/(upload/|download/)?storage/v1(/|$)|/b(/|$)"), "storage"),
    (re.compile(r"/compute/v1/|/projects/"), "compute"),
    (re.compile(r"/v1/projects/[^/]+/serviceAccounts"), "iam"),
    (re.compile(r"/v1/projects/[^/]+/services|/v1/operations/"), "serviceusage"),
    (re.compile(r"/v1/projects/[^/]+/billingInfo"), "cloudbilling"),
    (re.compile(r"/v1/projects/[^/]+/locations/global/services/"), "cloudquotas"),
    (re.compile(r"/v1/projects/[^/]+/(locations|zones)/"), "container"),
    (re.compile(r"/v[13]/(projects|organizations|folders)"), "cloudresourcemanager"),
)


def service_of(path: str) -> str:
    """Which API a path belongs to, also when no route takes it; "" when none."""
    for pattern, service in _SERVICE_OF_PATH:
        if pattern.match(path):
            return service
    return ""
