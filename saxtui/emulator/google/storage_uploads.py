"""Cloud Storage JSON API: uploads, in one request (media, multipart) or many (resumable).

A resumable upload is a row of "storage.uploads" by its id: bucket, name, metadata, data (base64), and the preconditions
it began with. Its protocol: https://cloud.google.com/storage/docs/performing-resumable-uploads.
"""

from __future__ import annotations

import base64
import json
import re
from typing import Any
from urllib.parse import quote

from saxtui.emulator.google import shape
from saxtui.emulator.google.errors import GoogleError
from saxtui.emulator.google.partial import mask
from saxtui.emulator.google.storage import find_bucket
from saxtui.emulator.google.storage_objects import check_generation, put_object, view
from saxtui.emulator.google.wire import Answer, Call, Route
from saxtui.emulator.world import World

Json = dict[str, Any]
CHUNK = 256 * 1024
"""Every part of a resumable upload but the last is a multiple of this many bytes."""
_PREFIXES = ("/upload/storage/v1", "/resumable/upload/storage/v1")
_CONTENT_RANGE = re.compile(r"bytes (?:(\d{1,15})-(\d{1,15})|\*)/(\d{1,15}|\*)")


class Uploads:
    """The ways to put an object there."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._sessions = world.table("storage.uploads")

    def routes(self) -> list[Route]:
        """POST begins (and ends, but for resumable ones), PUT goes on, DELETE gives up."""
        found: list[Route] = []
        for prefix in _PREFIXES:
            path = prefix + "/b/{bucket!}/o"
            found += [
                Route("storage", "POST", path, self._insert),
                Route("storage", "PUT", path, self._continue),
                Route("storage", "DELETE", path, self._cancel),
            ]
        return found

    def _insert(self, call: Call) -> Json | Answer:
        bucket = find_bucket(self._world, call["bucket"])["name"]
        kind = call.query("uploadType")
        content_type = call.request.headers.get("content-type", "")
        if kind == "resumable" and call.query("upload_id"):
            return self._continue(call)
        if kind == "resumable":
            return self._begin(call, bucket)
        if kind == "multipart":
            found, data = _multipart(content_type, call.request.body)
            metadata = shape.lenient(found, shape.OBJECT)
        elif kind == "media":
            metadata, data = {"contentType": content_type}, call.request.body
        else:
            raise GoogleError(400, f"Upload type {kind or 'none'} is not supported: use media, multipart or resumable.")
        name = _name(call, metadata)
        self._check(call, bucket, name)
        return self._finish(call, bucket, name, metadata, data)

    def _check(self, call: Call, bucket: str, name: str) -> None:
        check_generation(call, self._world.table("storage.objects").get(f"{bucket}/{name}"))

    def _finish(self, call: Call, bucket: str, name: str, metadata: Json, data: bytes) -> Json:
        row = put_object(self._world, bucket, name, data, metadata)
        for field in ("crc32c", "md5Hash"):
            if metadata.get(field, row[field]) != row[field]:
                self._world.table("storage.objects").pop(f"{bucket}/{name}")
                raise GoogleError(
                    400, f'Provided {field} "{metadata[field]}" doesn\'t match calculated "{row[field]}".'
                )
        return mask(view(call, row), call.query("fields"))

    # -- resumable
    def _begin(self, call: Call, bucket: str) -> Answer:
        metadata = shape.lenient(call.request.json(), shape.OBJECT)
        headers = call.request.headers
        if headers.get("x-upload-content-type"):
            metadata.setdefault("contentType", headers["x-upload-content-type"])
        name = _name(call, metadata)
        self._check(call, bucket, name)
        upload = self._world.hex(40)
        row: Json = {"bucket": bucket, "name": name, "metadata": metadata, "data": ""}
        self._sessions[upload] = row
        host = headers.get("host", "storage.googleapis.com")
        asked = f"uploadType=resumable&name={quote(name, safe='')}&upload_id={upload}"
        where = f"http://{host}/upload/storage/v1/b/{bucket}/o?{asked}"
        return Answer(200, b"", "text/plain; charset=utf-8", {"Location": where, "X-GUploader-UploadID": upload})

    def _session(self, call: Call) -> Json:
        row = self._sessions.get(call.query("upload_id"))
        if row is None or row["bucket"] != call["bucket"]:
            raise GoogleError(404, "Not Found")
        return row

    def _continue(self, call: Call) -> Json | Answer:
        """A part of the data, or with `bytes */…` the question how far it got."""
        row = self._session(call)
        held, body = base64.b64decode(row["data"]), call.request.body
        said = call.request.headers.get("content-range", "")
        if not said:
            return self._complete(call, row, body)
        span = _CONTENT_RANGE.fullmatch(said)
        if span is None:
            raise GoogleError(400, f"Failed to parse Content-Range header: {said}")
        total = None if span[3] == "*" else int(span[3])
        if span[1] is not None:
            begin, end = int(span[1]), int(span[2])
            if end - begin + 1 != len(body) or (total is not None and end >= total):
                raise GoogleError(
                    400, "Invalid request. The number of bytes uploaded is not what the range header says."
                )
            if begin > len(held):
                raise GoogleError(503, "Service Unavailable")  # a part is missing: the client has to ask how far it got
            held += body[len(held) - begin :]
            row["data"] = base64.b64encode(held).decode()
        if total is not None and len(held) >= total:
            return self._complete(call, row, held)
        if body and len(body) % CHUNK:
            raise GoogleError(400, f"Invalid request. Parts but the last must be multiples of {CHUNK} bytes.")
        return Answer(308, b"", "text/plain; charset=utf-8", {"Range": f"bytes=0-{len(held) - 1}"} if held else {})

    def _complete(self, call: Call, row: Json, data: bytes) -> Json:
        del self._sessions[call.query("upload_id")]
        find_bucket(self._world, row["bucket"])
        return self._finish(call, row["bucket"], row["name"], row["metadata"], data)

    def _cancel(self, call: Call) -> Answer:
        self._session(call)
        del self._sessions[call.query("upload_id")]
        return Answer(499)


def _name(call: Call, metadata: Json) -> str:
    name = call.query("name") or str(metadata.get("name", ""))
    if not name:
        raise GoogleError(400, "Required parameter: name", reason="required")
    if len(name.encode(errors="replace")) > 1024 or "\r" in name or "\n" in name or name in (".", ".."):
        raise GoogleError(400, f"Invalid object name: '{name[:60]}'")
    return name


def _multipart(content_type: str, body: bytes) -> tuple[Json, bytes]:
    """Metadata and data of a multipart/related upload, with CRLF or bare LF line ends. Raises GoogleError 400."""
    boundary = ""
    for part in content_type.split(";")[1:]:
        name, _, value = part.strip().partition("=")
        if name.lower() == "boundary":
            boundary = value.strip("\"'")
    mark = b"--" + boundary.encode(errors="replace")
    pieces = body.split(mark) if boundary else []
    if len(pieces) < 4:
        raise GoogleError(400, "Malformed multipart body.")
    head, data = (_part(piece) for piece in (pieces[1], mark.join(pieces[2:-1])))
    try:
        metadata = json.loads(head[1])
    except ValueError:
        raise GoogleError(400, "Metadata part of the multipart body is not JSON.") from None
    if not isinstance(metadata, dict):
        raise GoogleError(400, "Metadata part of the multipart body is not an object.")
    metadata.setdefault("contentType", _type(data[0]))
    return metadata, data[1]


def _part(piece: bytes) -> tuple[bytes, bytes]:
    """Headers and content of one part, without the line ends that belong to the boundary."""
    end = b"\r\n" if piece.startswith(b"\r\n") else b"\n"
    headers, _, content = piece.partition(end + end)
    return headers, content.removesuffix(end)


def _type(headers: bytes) -> str:
    """The Content-Type a part's headers name, or application/octet-stream."""
    for line in headers.decode("latin-1").splitlines():
        name, _, value = line.partition(":")
        if name.strip().lower() == "content-type":
            return value.strip()
    return "application/octet-stream"
