"""Cloud Storage JSON API: objects. One version of each object; deleting it is final."""

from __future__ import annotations

import base64
import hashlib
import json
import struct
from dataclasses import replace
from email.utils import formatdate
from typing import Any
from urllib.parse import quote

from saxtui.emulator.google.errors import GoogleError
from saxtui.emulator.google.partial import mask
from saxtui.emulator.google.storage import find_bucket, millis, precondition_failed, visible
from saxtui.emulator.google.wire import Answer, Call, Route
from saxtui.emulator.world import World

Json = dict[str, Any]


def put_object(world: World, bucket: str, name: str, data: bytes, metadata: Json | None = None) -> Json:
    """Store an object and return its row; also what servers inside the emulated cluster call."""
    import google_crc32c

    wanted = metadata or {}
    now = millis(world)
    generation = str(int(world.now * 1_000_000) + world.next_seq())
    row: Json = {
        "kind": "storage#object",
        "id": f"{bucket}/{name}/{generation}",
        "selfLink": f"https://www.googleapis.com/storage/v1/b/{bucket}/o/{quote(name, safe='')}",
        "name": name,
        "bucket": bucket,
        "generation": generation,
        "metageneration": "1",
        "contentType": wanted.get("contentType") or "application/octet-stream",
        "storageClass": "STANDARD",
        "size": str(len(data)),
        "md5Hash": base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode(),
        "crc32c": base64.b64encode(struct.pack(">I", google_crc32c.value(data))).decode(),
        "etag": base64.b64encode(generation.encode()[-9:]).decode(),
        "timeCreated": now,
        "updated": now,
        "timeStorageClassUpdated": now,
        "data": base64.b64encode(data).decode(),
    }
    for field in ("metadata", "cacheControl", "contentEncoding", "contentDisposition"):
        if wanted.get(field):
            row[field] = wanted[field]
    world.table("storage.objects")[f"{bucket}/{name}"] = row
    return row


class Objects:
    """The object methods."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[Route]:
        """List, get, media, insert (simple and multipart) and delete, under every prefix clients use."""
        found: list[Route] = []
        for base in ("/storage/v1/b/{bucket!}/o", "/b/{bucket!}/o"):
            found += [
                Route("storage", "GET", base, self._list),
                Route("storage", "GET", base + "/{object!}", self._get),
                Route("storage", "DELETE", base + "/{object!}", self._delete),
            ]
        for prefix in ("/upload/storage/v1", "/resumable/upload/storage/v1"):
            found.append(Route("storage", "POST", prefix + "/b/{bucket!}/o", self._insert))
        media = "/download/storage/v1/b/{bucket!}/o/{object!}"
        return [*found, Route("storage", "GET", media, self._media)]

    def _list(self, call: Call) -> Json:
        bucket = find_bucket(self._world, call["bucket"])["name"]
        prefix, delimiter = call.query("prefix"), call.query("delimiter")
        names = sorted(
            key.removeprefix(bucket + "/")
            for key in self._world.table("storage.objects")
            if key.startswith(f"{bucket}/{prefix}")
        )
        limit = int(call.query("maxResults") or 1000)
        after = base64.b64decode(call.query("pageToken")).decode() if call.query("pageToken") else ""
        items: list[Json] = []
        folders: list[str] = []
        last = ""
        body: Json = {"kind": "storage#objects"}
        for name in names:
            rest = name.removeprefix(prefix)
            folder = prefix + rest.partition(delimiter)[0] + delimiter if delimiter and delimiter in rest else ""
            shown = folder or name
            if shown <= after or shown == last:
                continue
            if len(items) + len(folders) == limit:
                body["nextPageToken"] = base64.b64encode(last.encode()).decode()
                break
            if folder:
                folders.append(folder)
            else:
                items.append(self._view(call, self._world.table("storage.objects")[f"{bucket}/{name}"]))
            last = shown
        body.update({"items": items} if items else {})
        body.update({"prefixes": folders} if folders else {})
        return mask(body, call.query("fields"))

    def _find(self, call: Call) -> Json:
        bucket, name = find_bucket(self._world, call["bucket"])["name"], call["object"]
        row = self._world.table("storage.objects").get(f"{bucket}/{name}")
        generation = call.query("generation")
        if row is None or (generation and generation != row["generation"]):
            raise GoogleError(404, f"No such object: {bucket}/{name}")
        self._check_generation(call, row)
        wanted = call.query("ifMetagenerationMatch")
        if wanted and wanted != row["metageneration"]:
            raise precondition_failed()
        return row

    def _check_generation(self, call: Call, row: Json | None) -> None:
        """ifGenerationMatch; 0 means "only when there is none"."""
        wanted = call.query("ifGenerationMatch")
        current = row["generation"] if row else "0"
        if wanted and wanted != current:
            raise precondition_failed()

    def _get(self, call: Call) -> Answer:
        if call.query("alt") == "media":
            return self._media(call)
        answer = Answer.json(mask(self._view(call, self._find(call)), call.query("fields")))
        # An object's times are simulated ones; only a Date on the same clock can be compared with them.
        return replace(answer, headers={"Date": formatdate(self._world.now, usegmt=True)})

    def _media(self, call: Call) -> Answer:
        row = self._find(call)
        data = base64.b64decode(row["data"])
        headers = {
            "X-Goog-Hash": f"crc32c={row['crc32c']},md5={row['md5Hash']}",
            "X-Goog-Generation": row["generation"],
            "X-Goog-Metageneration": row["metageneration"],
            "X-Goog-Stored-Content-Length": row["size"],
            "ETag": row["etag"],
        }
        asked = call.request.headers.get("range", "")
        if not asked.startswith("bytes=") or not data:
            return Answer(200, data, row["contentType"], headers)
        first, _, last = asked.removeprefix("bytes=").partition("-")
        begin = int(first) if first else max(0, len(data) - int(last))
        end = min(int(last), len(data) - 1) if first and last else len(data) - 1
        if begin >= len(data):
            raise GoogleError(416, "The requested range cannot be satisfied.", reason="requestedRangeNotSatisfiable")
        headers["Content-Range"] = f"bytes {begin}-{end}/{len(data)}"
        return Answer(206, data[begin : end + 1], row["contentType"], headers)

    def _insert(self, call: Call) -> Json:
        bucket = find_bucket(self._world, call["bucket"])["name"]
        kind = call.query("uploadType")
        content_type = call.request.headers.get("content-type", "")
        if kind == "multipart":
            metadata, data = _multipart(content_type, call.request.body)
        elif kind == "media":
            metadata, data = {"contentType": content_type}, call.request.body
        else:
            raise GoogleError(400, f"Upload type {kind or 'none'} is not supported: use media or multipart.")
        name = call.query("name") or str(metadata.get("name", ""))
        if not name:
            raise GoogleError(400, "Required parameter: name", reason="required")
        self._check_generation(call, self._world.table("storage.objects").get(f"{bucket}/{name}"))
        row = put_object(self._world, bucket, name, data, metadata)
        for field in ("crc32c", "md5Hash"):
            if metadata.get(field, row[field]) != row[field]:
                self._world.table("storage.objects").pop(f"{bucket}/{name}")
                raise GoogleError(
                    400, f'Provided {field} "{metadata[field]}" doesn\'t match calculated "{row[field]}".'
                )
        return mask(self._view(call, row), call.query("fields"))

    def _delete(self, call: Call) -> Answer:
        row = self._find(call)
        self._world.table("storage.objects").pop(f"{row['bucket']}/{row['name']}")
        return Answer(204)

    def _view(self, call: Call, row: Json) -> Json:
        """Without the data, and with a link to it on this very server."""
        shown = visible(row)
        del shown["data"]
        host = call.request.headers.get("host", "storage.googleapis.com")
        path = f"/download/storage/v1/b/{row['bucket']}/o/{quote(row['name'], safe='')}"
        shown["mediaLink"] = f"http://{host}{path}?generation={row['generation']}&alt=media"
        return shown


def _multipart(content_type: str, body: bytes) -> tuple[Json, bytes]:
    """Metadata and data of a multipart/related upload, with CRLF or bare LF line ends. Raises GoogleError 400."""
    boundary = ""
    for part in content_type.split(";")[1:]:
        name, _, value = part.strip().partition("=")
        if name.lower() == "boundary":
            boundary = value.strip("\"'")
    pieces = body.split(b"--" + boundary.encode()) if boundary else []
    if len(pieces) < 4:
        raise GoogleError(400, "Malformed multipart body.")
    head, data = (_part(piece) for piece in (pieces[1], (b"--" + boundary.encode()).join(pieces[2:-1])))
    try:
        metadata = json.loads(head[1])
    except ValueError:
        raise GoogleError(400, "Metadata part of the multipart body is not JSON.") from None
    metadata.setdefault("contentType", head_type(data[0]))
    return metadata, data[1]


def _part(piece: bytes) -> tuple[bytes, bytes]:
    """Headers and content of one part, without the line ends that belong to the boundary."""
    end = b"\r\n" if piece.startswith(b"\r\n") else b"\n"
    headers, _, content = piece.partition(end + end)
    return headers, content.removesuffix(end)


def head_type(headers: bytes) -> str:
    """The Content-Type a part's headers name, or application/octet-stream."""
    for line in headers.decode("latin-1").splitlines():
        name, _, value = line.partition(":")
        if name.strip().lower() == "content-type":
            return value.strip()
    return "application/octet-stream"
