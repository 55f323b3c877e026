"""Cloud Storage JSON API: objects, and their noncurrent versions in buckets that keep them.

A row of "storage.objects" (live) or "storage.versions" (noncurrent, key with "#generation") is replaced, never changed.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import struct
from dataclasses import replace
from email.utils import formatdate
from typing import Any
from urllib.parse import quote

from saxtui.emulator.google import shape
from saxtui.emulator.google.errors import GoogleError
from saxtui.emulator.google.partial import mask
from saxtui.emulator.google.storage import check_metageneration, find_bucket, millis, precondition_failed, visible
from saxtui.emulator.google.wire import Answer, Call, Route
from saxtui.emulator.world import World

Json = dict[str, Any]
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
_DESCRIPTIVE = ("contentType", "metadata", "cacheControl", "contentEncoding", "contentDisposition")


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
    _retire(world, bucket, name)
    world.table("storage.objects")[f"{bucket}/{name}"] = row
    return row


def _retire(world: World, bucket: str, name: str) -> None:
    """The live object stops being it: kept as a noncurrent version where the bucket asks for that."""
    row = world.table("storage.objects").pop(f"{bucket}/{name}", None)
    owner = world.table("storage.buckets").get(bucket) or {}
    if row is not None and owner.get("versioning", {}).get("enabled"):
        key = f"{bucket}/{name}#{row['generation']}"
        world.table("storage.versions")[key] = {**row, "timeDeleted": millis(world)}


def check_generation(call: Call, row: Json | None) -> None:
    """Honour ifGenerationMatch (0 means "only when there is none") and its opposite. Raises GoogleError 412."""
    wanted, unwanted = call.query("ifGenerationMatch"), call.query("ifGenerationNotMatch")
    current = row["generation"] if row else "0"
    if (wanted and wanted != current) or (unwanted and unwanted == current):
        raise precondition_failed()


def view(call: Call, row: Json) -> Json:
    """The object as the API answers it: without the data, and with a link to it on this very server."""
    shown = visible(row)
    del shown["data"]
    host = call.request.headers.get("host", "storage.googleapis.com")
    path = f"/download/storage/v1/b/{row['bucket']}/o/{quote(row['name'], safe='')}"
    shown["mediaLink"] = f"http://{host}{path}?generation={row['generation']}&alt=media"
    return shown


class Objects:
    """The object methods."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[Route]:
        """List, get, media, patch and delete, under every prefix clients use."""
        found: list[Route] = []
        for base in ("/storage/v1/b/{bucket!}/o", "/b/{bucket!}/o"):
            found += [
                Route("storage", "GET", base, self._list),
                Route("storage", "GET", base + "/{object!}", self._get),
                Route("storage", "PATCH", base + "/{object!}", self._patch),
                Route("storage", "DELETE", base + "/{object!}", self._delete),
            ]
        media = "/download/storage/v1/b/{bucket!}/o/{object!}"
        return [*found, Route("storage", "GET", media, self._media)]

    def _rows(self, bucket: str, prefix: str, versions: bool) -> list[Json]:
        """Live objects, with their older versions if asked for, by name and then by generation."""
        start = f"{bucket}/{prefix}"
        live = self._world.table("storage.objects")
        names = [key for key in live if key.startswith(start)]
        found = [live[key] for key in names]
        if versions:
            old = self._world.table("storage.versions")
            found += [old[key] for key in list(old) if key.startswith(start)]
        return sorted(found, key=lambda row: (row["name"], int(row["generation"])))

    def _list(self, call: Call) -> Json:
        bucket = find_bucket(self._world, call["bucket"])["name"]
        prefix, delimiter = call.query("prefix"), call.query("delimiter")
        limit = shape.number(call, "maxResults", 1000, least=1)
        after = _page(call.query("pageToken"))
        items: list[Json] = []
        folders: list[str] = []
        last = after
        body: Json = {"kind": "storage#objects"}
        for row in self._rows(bucket, prefix, call.query("versions").lower() == "true"):
            name = row["name"]
            rest = name.removeprefix(prefix)
            folder = prefix + rest.partition(delimiter)[0] + delimiter if delimiter and delimiter in rest else ""
            here = (folder or name, 0 if folder else int(row["generation"]))
            if here <= after or here == last:
                continue
            if len(items) + len(folders) == limit:
                body["nextPageToken"] = base64.b64encode(json.dumps(last).encode()).decode()
                break
            if folder:
                folders.append(folder)
            else:
                items.append(view(call, row))
            last = here
        body.update({"items": items} if items else {})
        body.update({"prefixes": folders} if folders else {})
        return mask(body, call.query("fields"))

    def _find(self, call: Call) -> Json:
        bucket, name = find_bucket(self._world, call["bucket"])["name"], call["object"]
        row = self._world.table("storage.objects").get(f"{bucket}/{name}")
        generation = call.query("generation")
        if generation and (row is None or generation != row["generation"]):
            row = self._world.table("storage.versions").get(f"{bucket}/{name}#{generation}")
        if row is None:
            raise GoogleError(404, f"No such object: {bucket}/{name}")
        check_generation(call, row)
        check_metageneration(call, row)
        return row

    def _get(self, call: Call) -> Answer:
        if call.query("alt") == "media":
            return self._media(call)
        answer = Answer.json(mask(view(call, self._find(call)), call.query("fields")))
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
        asked = _RANGE.fullmatch(call.request.headers.get("range", ""))
        if asked is None or not data or not (asked[1] or asked[2]):
            return Answer(200, data, row["contentType"], headers)
        begin = int(asked[1]) if asked[1] else max(0, len(data) - int(asked[2]))
        end = min(int(asked[2]), len(data) - 1) if asked[1] and asked[2] else len(data) - 1
        if begin > end:
            raise GoogleError(416, "The requested range cannot be satisfied.", reason="requestedRangeNotSatisfiable")
        headers["Content-Range"] = f"bytes {begin}-{end}/{len(data)}"
        return Answer(206, data[begin : end + 1], row["contentType"], headers)

    def _patch(self, call: Call) -> Json:
        old = self._find(call)
        wanted = shape.lenient(call.request.json(), shape.OBJECT, nulls=True)
        row = {**old, "metageneration": str(int(old["metageneration"]) + 1), "updated": millis(self._world)}
        for field in _DESCRIPTIVE:
            if field not in wanted:
                continue
            value = wanted[field]
            if field == "metadata" and value is not None:
                value = {key: text for key, text in {**old.get(field, {}), **value}.items() if text is not None}
            row[field] = value
            if value is None:
                del row[field]
        table = "storage.versions" if "timeDeleted" in row else "storage.objects"
        key = f"{row['bucket']}/{row['name']}" + (f"#{row['generation']}" if "timeDeleted" in row else "")
        self._world.table(table)[key] = row
        return mask(view(call, row), call.query("fields"))

    def _delete(self, call: Call) -> Answer:
        row = self._find(call)
        key = f"{row['bucket']}/{row['name']}"
        if "timeDeleted" in row:
            self._world.table("storage.versions").pop(f"{key}#{row['generation']}")
        elif call.query("generation"):
            self._world.table("storage.objects").pop(key)
        else:
            _retire(self._world, row["bucket"], row["name"])
        return Answer(204)


def _page(token: str) -> tuple[str, int]:
    """Where the page before ended: (name or folder, generation or 0). Raises GoogleError 400."""
    if not token:
        return "", -1
    try:
        name, generation = json.loads(base64.b64decode(token, validate=True))
        return str(name), int(generation)
    except (ValueError, TypeError):
        raise GoogleError(400, f"Invalid value '{token}' for pageToken.") from None
