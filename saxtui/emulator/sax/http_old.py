"""The first HTTP server's dialect (image tag v1.0.0): Python's http.server, 400 for every error, no Content-Type.

Behaviour of GoogleCloudPlatform/ai-on-gke, saxml-on-gke/httpserver, before its rewrite of February 2024.
"""

from __future__ import annotations

import json
from typing import Any

from saxtui.emulator.kubernetes.proxy import NoAnswer, ProxyRequest, ProxyResponse
from saxtui.emulator.sax.cell import SaxError
from saxtui.emulator.sax.client import SaxClient

Json = dict[str, Any]
TRACEBACK = (
    "----------------------------------------\n"
    "Exception occurred during processing of request from ('{peer}', 41022)\n"
    "Traceback (most recent call last):\n"
    "json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)\n"
    "----------------------------------------"
)
_FOUR = ("model", "model_path", "checkpoint", "replicas")
_KEYS = {
    ("GET", "/listcell"): (("model",), "Provide model for listcell"),
    ("POST", "/publish"): (_FOUR, "Provide model, model path, checkpoint, and replicas for publish"),
    ("POST", "/unpublish"): (("model",), "Provide model for unpublish"),
    ("PUT", "/update"): (_FOUR, "Provide model, model path, checkpoint, and replicas for update"),
    ("POST", "/generate"): (("model", "query"), "Provide model and query for generate"),
}


async def answer(client: SaxClient, process: Json, request: ProxyRequest) -> ProxyResponse | NoAnswer:
    """One answer; DROP where the program dies of the request. Raises client.Gone."""
    if request.method not in ("GET", "POST", "PUT"):
        message = f"Unsupported method ('{request.method}')"
        page = f"<!DOCTYPE HTML>\n<html><body><h1>Error response</h1><p>Message: {message}.</p></body></html>\n"
        return ProxyResponse(501, {"content-type": "text/html;charset=utf-8"}, page.encode())
    if (request.method, request.path) == ("GET", "/"):
        return _reply(200, {"message": "HTTP Server for SAX Client"})
    if (request.method, request.path) not in _KEYS:
        return _reply(400, {"message": "Invalid Request"})
    try:
        sent = json.loads(request.body)
    except ValueError:
        return NoAnswer.DROP
    keys, complaint = _KEYS[request.method, request.path]
    if not isinstance(sent, dict):
        return NoAnswer.DROP
    if len(sent) != len(keys):
        return _reply(400, {"Error": complaint})
    try:
        return _reply(200, await _call(client, process, request.path, sent))
    except SaxError as error:
        return _reply(400, {"Error": str(error)})
    except (KeyError, TypeError, ValueError) as error:
        return _reply(400, {"Error": str(error)})


async def _call(client: SaxClient, process: Json, path: str, sent: Json) -> Json:
    model = _text(sent["model"])
    if path == "/listcell":
        return await client.listed(process, model)
    if path == "/unpublish":
        await client.unpublish(process, model)
        return {"model": model}
    if path == "/generate":
        candidates = await client.generate(process, model, _text(sent["query"]), None)
        return {"generate_response": [list(each) for each in candidates]}
    replicas = int(sent["replicas"])
    arguments = (process, model, _text(sent["model_path"]), _text(sent["checkpoint"]), replicas)
    await (client.publish(*arguments) if path == "/publish" else client.update(*arguments))
    return {
        "model": model,
        "path": sent["model_path"],
        "checkpoint": sent["checkpoint"],
        "replicas": replicas,
    }


def _text(value: Any) -> str:
    """Raises TypeError as the binding does for anything but a string."""
    if not isinstance(value, str):
        raise TypeError(f"incompatible function arguments: {value!r} is no str")
    return value


def _reply(status: int, body: Json) -> ProxyResponse:
    return ProxyResponse(status, {}, (json.dumps(body, indent=4) + "\n").encode())
