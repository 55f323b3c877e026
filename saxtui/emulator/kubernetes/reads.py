"""GET of objects and lists: selectors, pages, past states, and the forms an answer can take."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass

from saxtui.emulator.kubernetes import selectors, status, tables, views
from saxtui.emulator.kubernetes.kinds import KindInfo
from saxtui.emulator.kubernetes.objects import Json, key_of, whole_number
from saxtui.emulator.kubernetes.paths import Target
from saxtui.emulator.kubernetes.store import KubeStore
from saxtui.emulator.kubernetes.wire import Call, Form, Reply, wanted_form

TOO_OLD_PAGE = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without "
    "the continue parameter, or use the continue token in this response to retrieve the remainder of the results. "
    "Continuing with the provided token results in an inconsistent list - objects that were created, modified, or "
    "deleted between the time the first chunk was returned and now may show up in the list."
)


@dataclass(frozen=True, slots=True)
class Selection:
    """Which objects of a kind a request is about."""

    namespace: str
    labels: selectors.Requirements
    fields: selectors.FieldTerms

    @property
    def filtered(self) -> bool:
        """Whether any selector is given."""
        return bool(self.labels or self.fields)

    def matches(self, obj: Json) -> bool:
        """Whether an object is meant."""
        if self.namespace and obj["metadata"].get("namespace") != self.namespace:
            return False
        return selectors.matches_labels(self.labels, obj) and selectors.matches_fields(self.fields, obj)


def selection(target: Target, query: Mapping[str, str]) -> Selection:
    """From a collection's path and query. Raises ApiError 400."""
    return Selection(
        target.namespace,
        selectors.parse_labels(query.get("labelSelector", "")),
        selectors.parse_fields(target.info.kind, views.stored_fields(target.info, query.get("fieldSelector", ""))),
    )


def live(store: KubeStore, target: Target) -> Json:
    """The stored object a path names, not to be changed. Raises ApiError 404."""
    found = store.peek(target.info.kind, target.namespace, target.name)
    if found is None:
        raise status.not_found(target.name, target.info.group, target.info.plural)
    return found


def show(store: KubeStore, info: KindInfo, obj: Json, call: Call, code: int = 200) -> Reply:
    """One object in the form asked for."""
    form = wanted_form(call.headers.get("accept", ""))
    if form.kind == "Table":
        metadata = {"resourceVersion": obj["metadata"].get("resourceVersion", "")}
        include = call.query.get("includeObject", "Metadata")
        table = tables.table(info, [obj], metadata, store.world.now, include=include, version=form.version)
        return Reply(code, table)
    if form.kind:
        return Reply(code, tables.partial(obj, form.version))
    return Reply(code, shown(store, info, obj))


def shown(store: KubeStore, info: KindInfo, obj: Json) -> Json:
    """An object as its resource presents it."""
    if not views.changes(info):
        return obj
    return views.shown(info, obj, store.world.stamp(views.last_round(store.world.now)))


def get(store: KubeStore, target: Target, call: Call) -> Reply:
    """GET of one object."""
    return show(store, target.info, live(store, target), call)


def parse_rv(text: str) -> int:
    """A resourceVersion in a query; 0 when absent. Raises ApiError 400."""
    if not text:
        return 0
    found = whole_number(text)
    if found is None:
        why = f'strconv.ParseUint: parsing "{text}": invalid syntax'
        raise status.bad_request(f'resourceVersion: Invalid value: "{text}": {why}')
    return found


def check_options(query: Mapping[str, str], *, watching: bool) -> None:
    """Which of resourceVersionMatch and sendInitialEvents go together. Raises ApiError 422."""
    match, initial = query.get("resourceVersionMatch", ""), "sendInitialEvents" in query
    rv = query.get("resourceVersion", "")
    causes: list[status.Cause] = []

    def forbidden(field: str, why: str) -> None:
        causes.append(status.Cause(field, f"Forbidden: {why}", "FieldValueForbidden"))

    field = "resourceVersionMatch"
    if watching and initial and match != "NotOlderThan":
        forbidden(field, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan")
    elif watching and match and not initial:
        forbidden(field, "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided")
    elif not watching and initial:
        forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list")
    if match and query.get("continue"):
        forbidden(field, "resourceVersionMatch is forbidden when continue is provided")
    elif match and not watching and not rv:
        forbidden(field, "resourceVersionMatch is forbidden unless resourceVersion is provided")
    if match not in ("", "Exact", "NotOlderThan"):
        causes.append(status.not_supported(field, match, ("Exact", "NotOlderThan")))
    elif match == "Exact" and rv == "0" and not watching:
        forbidden(field, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"')
    if causes:
        raise status.invalid("ListOptions", "meta.k8s.io", "", causes)


def _token(rv: int, start: str) -> str:
    raw = json.dumps({"v": "meta.k8s.io/v1", "rv": rv, "start": f"{start}\0"}, separators=(",", ":"))
    return base64.urlsafe_b64encode(raw.encode()).decode().rstrip("=")


def _read_token(token: str) -> tuple[int, str]:
    try:
        raw = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        return int(raw["rv"]), str(raw["start"])
    except (ValueError, KeyError, TypeError, binascii.Error):
        why = "continue key is not valid"
        raise status.bad_request(f"invalid continue token: {why}") from None


def _place(obj: Json, chosen: Selection) -> str:
    namespace, name = key_of(obj)
    return name if chosen.namespace or not namespace else f"{namespace}/{name}"


def _too_large(asked: int, current: int) -> status.ApiError:
    causes = [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}]
    message = f"Timeout: Too large resource version: {asked}, current: {current}"
    return status.error(504, "Timeout", message, {"causes": causes, "retryAfterSeconds": 1})


def _objects_at(store: KubeStore, info: KindInfo, call: Call) -> tuple[list[Json], int, str]:
    """(objects in key order, the list's resourceVersion, where to start)."""
    if call.query.get("continue"):
        rv, start = _read_token(call.query["continue"])
        if rv < 0:
            return store.list(info.kind), store.rv, start
        past = store.snapshot(info.kind, rv)
        if past is None:
            expired = status.expired(TOO_OLD_PAGE)
            expired.status["metadata"] = {"continue": _token(-1, start.rstrip("\0"))}
            raise expired
        return past, rv, start
    asked = parse_rv(call.query.get("resourceVersion", ""))
    if asked > store.rv:
        raise _too_large(asked, store.rv)
    if call.query.get("resourceVersionMatch") == "Exact" and asked:
        past = store.snapshot(info.kind, asked)
        if past is None:
            raise status.expired("The resourceVersion for the provided list is too old.")
        return past, asked, ""
    return store.list(info.kind), store.rv, ""


def listing(store: KubeStore, target: Target, call: Call) -> Reply:
    """GET of a collection."""
    check_options(call.query, watching=False)
    info, chosen = target.info, selection(target, call.query)
    form = wanted_form(call.headers.get("accept", ""))
    objects, rv, start = _objects_at(store, info, call)
    found = [obj for obj in objects if chosen.matches(obj)]
    if start:
        found = [obj for obj in found if _place(obj, chosen) + "\0" > start]
    metadata: Json = {"resourceVersion": str(rv)}
    limit = whole_number(call.query.get("limit", "")) or 0
    if limit and len(found) > limit:
        metadata["continue"] = _token(rv, _place(found[limit - 1], chosen))
        if not chosen.filtered:
            metadata["remainingItemCount"] = len(found) - limit
        found = found[:limit]
    return Reply(200, render(store, info, found, metadata, form, call.query.get("includeObject", "Metadata")))


def render(store: KubeStore, info: KindInfo, objects: list[Json], metadata: Json, form: Form, include: str) -> Json:
    """A list in the form asked for."""
    if form.kind == "Table":
        return tables.table(info, objects, metadata, store.world.now, include=include, version=form.version)
    if form.kind:
        items = [tables.partial(obj, form.version) for obj in objects]
        kind, version = "PartialObjectMetadataList", f"meta.k8s.io/{form.version}"
        return {"kind": kind, "apiVersion": version, "metadata": metadata, "items": items}
    items = objects if info.extension else [_bare(shown(store, info, obj)) for obj in objects]
    return {"kind": f"{info.kind}List", "apiVersion": info.api_version, "metadata": metadata, "items": items}


def _bare(obj: Json) -> Json:
    """As list items come for built-in kinds: without kind and apiVersion."""
    return {name: value for name, value in obj.items() if name not in ("kind", "apiVersion")}
