"""Answers of the HTTP server that only a scenario makes it give."""

from __future__ import annotations

import json
from typing import Any

from saxtui.emulator.kubernetes.proxy import NoAnswer, ProxyResponse

Json = dict[str, Any]
_WORDS = "StatusNotOk: rpc error: code = Internal desc = stream terminated by RST_STREAM [INTERNAL]"
_PAGE = b"<!DOCTYPE html><html><head><title>Error</title></head><body><h1>Server Error</h1></body></html>\n"


def answer(fault: Json, *, old: bool) -> ProxyResponse | NoAnswer:
    """What a request fault makes of an answer: a refusal in the program's dialect, an odd body, or none."""
    kind = fault["fault"]
    if kind == "error":
        words = fault["message"] or _WORDS
        body: Json = {"Error": words} if old else {"detail": words}
        headers = {} if old else {"content-type": "application/json"}
        if fault["retry_after"] is not None:
            headers["Retry-After"] = str(fault["retry_after"])
        return ProxyResponse(int(fault["status"]), headers, json.dumps(body).encode() + b"\n")
    if kind == "html":
        return ProxyResponse(int(fault["status"]), {"content-type": "text/html; charset=utf-8"}, _PAGE)
    if kind == "garbage":
        return ProxyResponse(200, {"content-type": "application/json"}, bytes(range(256)) * 2)
    if kind == "huge":
        padding = "x" * (int(fault["megabytes"]) * 2**20)
        body = {"generate_response": [[padding, 0.0]]}
        return ProxyResponse(200, {"content-type": "application/json"}, json.dumps(body).encode())
    return NoAnswer.DROP
