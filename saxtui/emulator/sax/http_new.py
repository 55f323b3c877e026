"""The second HTTP server's dialect (image tags from v1.2.0): FastAPI, 422 and 500 with `detail`, /listall.

Behaviour of GoogleCloudPlatform/ai-on-gke, tools/saxml-on-gke/httpserver, after its rewrite of February 2024.
"""

from __future__ import annotations

import json
from typing import Any

from saxtui.emulator.kubernetes.proxy import ProxyRequest, ProxyResponse
from saxtui.emulator.sax.cell import SaxError
from saxtui.emulator.sax.client import SaxClient

Json = dict[str, Any]
_DEFAULTS = {
    "temperature": 0.5,
    "per_example_max_decode_steps": 128,
    "per_example_top_k": 200,
    "per_example_top_p": 0.95,
}
_ROUTES: dict[str, tuple[str, dict[str, type]]] = {
    "/listcell": ("GET", {"model": str}),
    "/listall": ("GET", {"sax_cell": str}),
    "/publish": ("POST", {"model": str, "model_path": str, "checkpoint": str, "replicas": int}),
    "/unpublish": ("POST", {"model": str}),
    "/update": ("PUT", {"model": str, "model_path": str, "checkpoint": str, "replicas": int}),
    "/generate": ("POST", {"model": str, "query": str}),
}
_TITLE = "FastAPI"


async def answer(client: SaxClient, process: Json, request: ProxyRequest) -> ProxyResponse:
    """One answer. Raises client.Gone."""
    if request.path in ("/", "/openapi.json", "/docs", "/redoc"):
        return _page(request)
    if request.path not in _ROUTES:
        return _reply(404, {"detail": "Not Found"})
    method, fields = _ROUTES[request.path]
    if request.method != method:
        return _reply(405, {"detail": "Method Not Allowed"}, {"allow": method})
    try:
        sent = json.loads(request.body) if request.body else None
    except ValueError as error:
        at = getattr(error, "pos", 0)
        problem = {"type": "json_invalid", "loc": ["body", at], "msg": "JSON decode error", "input": {}}
        return _reply(422, {"detail": [{**problem, "ctx": {"error": str(getattr(error, "msg", error))}}]})
    values, problems = _check(fields, sent)
    extra: dict[str, Any] | None = None
    if request.path == "/generate" and isinstance(sent, dict) and not problems:
        extra, problems = _extra(sent)
    if problems:
        return _reply(422, {"detail": problems})
    try:
        return _reply(200, await _call(client, process, request.path, values, extra))
    except (SaxError, TypeError) as error:
        return _reply(500, {"detail": str(error)})


async def _call(client: SaxClient, process: Json, path: str, values: Json, extra: dict[str, Any] | None) -> Any:
    if path == "/listall":
        return await client.names(process, values["sax_cell"])
    model = values["model"]
    if path == "/listcell":
        return await client.listed(process, model)
    if path == "/unpublish":
        await client.unpublish(process, model)
        return {"model": model}
    if path == "/generate":
        for key, value in (extra or {}).items():
            if value is None:
                raise TypeError(f"SetExtraInput(): incompatible function arguments: {key!r}, None")
        return [list(each) for each in await client.generate(process, model, values["query"], extra)]
    arguments = (process, model, values["model_path"], values["checkpoint"], values["replicas"])
    await (client.publish(*arguments) if path == "/publish" else client.update(*arguments))
    return values


def _check(fields: dict[str, type], sent: Any) -> tuple[Json, list[Json]]:
    """The fields coerced as pydantic does, and what it finds wrong with them. Other keys are ignored."""
    if sent is None:
        return {}, [{"type": "missing", "loc": ["body"], "msg": "Field required", "input": None}]
    if not isinstance(sent, dict):
        message = "Input should be a valid dictionary or object to extract fields from"
        return {}, [{"type": "model_attributes_type", "loc": ["body"], "msg": message, "input": sent}]
    values: Json = {}
    problems: list[Json] = []
    for name, wanted in fields.items():
        if name not in sent:
            problems.append({"type": "missing", "loc": ["body", name], "msg": "Field required", "input": sent})
        elif wanted is str and not isinstance(sent[name], str):
            problems.append(_ill_typed("string_type", name, "Input should be a valid string", sent[name]))
        elif wanted is int and _integer(sent[name]) is None:
            message = "Input should be a valid integer, unable to parse string as an integer"
            problems.append(_ill_typed("int_parsing", name, message, sent[name]))
        else:
            values[name] = _integer(sent[name]) if wanted is int else sent[name]
    return values, problems


def _ill_typed(kind: str, name: str, message: str, value: Any) -> Json:
    return {"type": kind, "loc": ["body", name], "msg": message, "input": value}


def _integer(value: Any) -> int | None:
    """An integer, a whole float or a string of digits; else None."""
    if isinstance(value, (bool, int)):
        return int(value)
    try:
        number = float(value) if isinstance(value, float) else int(str(value))
    except ValueError:
        return None
    return int(number) if number == int(number) else None


def _extra(sent: Json) -> tuple[dict[str, Any] | None, list[Json]]:
    """extra_inputs with the model's defaults filled in: all four when absent, none when null."""
    given = sent.get("extra_inputs", {})
    if given is None:
        return None, []
    if not isinstance(given, dict):
        message = "Input should be a valid dictionary or object to extract fields from"
        return None, [_ill_typed("model_attributes_type", "extra_inputs", message, given)]
    values: dict[str, Any] = {}
    for key, default in _DEFAULTS.items():
        value = given.get(key, default)
        if value is not None and not isinstance(value, (int, float)):
            message = "Input should be a valid number"
            return None, [{"type": "float_type", "loc": ["body", "extra_inputs", key], "msg": message, "input": value}]
        values[key] = value
    return values, []


def _page(request: ProxyRequest) -> ProxyResponse:
    if request.method != "GET":
        return _reply(405, {"detail": "Method Not Allowed"}, {"allow": "GET"})
    if request.path == "/":
        return _reply(200, {"message": "HTTP Server for SAX Client"})
    if request.path == "/openapi.json":
        paths = {path: {method.lower(): {"summary": path[1:].title()}} for path, (method, _) in _ROUTES.items()}
        return _reply(200, {"openapi": "3.1.0", "info": {"title": _TITLE, "version": "0.1.0"}, "paths": paths})
    page = f"<!DOCTYPE html><html><head><title>{_TITLE}</title></head><body>{request.path[1:]}</body></html>"
    return ProxyResponse(200, {"content-type": "text/html; charset=utf-8"}, page.encode())


def _reply(status: int, body: Any, headers: dict[str, str] | None = None) -> ProxyResponse:
    data = json.dumps(body, indent=4) if status == 200 else json.dumps(body)
    return ProxyResponse(status, {"content-type": "application/json", **(headers or {})}, data.encode())
