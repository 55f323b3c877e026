"""Resumable uploads part by part, older versions of objects, and changes of an object's description."""

from __future__ import annotations

import io
import os
from typing import Any
from urllib.parse import urlsplit

import pytest
from google.cloud import storage
from google.oauth2.credentials import Credentials

BUCKET = "demo-project-mine"
OBJECTS = f"/storage/v1/b/{BUCKET}/o"
UPLOAD = f"/upload{OBJECTS}"
PART = 256 * 1024


@pytest.fixture
def bucket(simulated: Any) -> Any:
    simulated.post("/storage/v1/b?project=demo-project", {"name": BUCKET}).ok()
    return simulated


def begin(bucket: Any, query: str = "", headers: dict[str, str] | None = None) -> str:
    from saxtui.emulator.google.wire import Request

    pairs = {"uploadType": "resumable", "name": "big.bin"}
    pairs.update(part.split("=") for part in query.split("&") if part)
    answer = bucket.api.answer(Request("POST", UPLOAD, pairs, {"host": "h", **(headers or {})}), authorized=True).answer
    assert answer.status == 200, answer.body
    where = urlsplit(answer.headers["Location"])
    assert where.netloc == "h"
    return f"{where.path}?{where.query}"


def test_a_resumable_upload_goes_on_where_it_stopped(bucket: Any) -> None:
    data = os.urandom(2 * PART + 77)
    place = begin(bucket, headers={"x-upload-content-type": "model/weights"})
    first = {"content-range": f"bytes 0-{PART - 1}/{len(data)}"}
    assert bucket.call("PUT", place, data[:PART], first).status == 308
    assert bucket.get(f"{OBJECTS}/big.bin").status == 404
    assert bucket.call("PUT", place, b"", {"content-range": "bytes */*"}).status == 308
    # The client was not told that the part arrived, and sends it again with the next one.
    again = {"content-range": f"bytes 0-{2 * PART - 1}/*"}
    assert bucket.call("PUT", place, data[: 2 * PART], again).status == 308
    last = {"content-range": f"bytes {2 * PART}-{len(data) - 1}/{len(data)}"}
    made = bucket.call("PUT", place, data[2 * PART :], last).ok()
    assert (made["size"], made["contentType"]) == (str(len(data)), "model/weights")
    assert bucket.get(f"{OBJECTS}/big.bin?alt=media").body["raw"] == data
    assert bucket.call("PUT", place, b"", {"content-range": "bytes */*"}).status == 404


def test_parts_that_do_not_fit_are_refused(bucket: Any) -> None:
    place = begin(bucket)
    bucket.call("PUT", place, b"abc", {"content-range": "bytes 0-2/9"}).refused(400, "multiples of 262144")
    bucket.call("PUT", place, b"abc", {"content-range": "bytes 0-9/99"}).refused(400, "number of bytes")
    bucket.call("PUT", place, b"abc", {"content-range": "bytes"}).refused(400, "Failed to parse Content-Range")
    bucket.call("PUT", place, b"abc", {"content-range": "bytes 900-902/999"}).refused(503)
    assert bucket.call("DELETE", place).status == 499
    bucket.call("DELETE", place).refused(404)
    bucket.call("PUT", f"{UPLOAD}?uploadType=resumable&upload_id=none", b"").refused(404)


def test_a_precondition_is_checked_when_the_upload_begins(bucket: Any) -> None:
    bucket.call("POST", f"{UPLOAD}?uploadType=media&name=big.bin", b"old").ok()
    refused = bucket.call("POST", f"{UPLOAD}?uploadType=resumable&name=big.bin&ifGenerationMatch=0")
    refused.refused(412)


def test_the_client_library_uploads_in_parts(served: Any) -> None:
    options = {"api_endpoint": served.endpoint}
    data = os.urandom(3 * PART + 5)
    with storage.Client(
        project="demo-project", credentials=Credentials(served.token), client_options=options
    ) as client:
        blob = client.create_bucket(BUCKET).blob("big.bin", chunk_size=PART)
        blob.upload_from_file(io.BytesIO(data))
        assert blob.download_as_bytes(checksum="md5") == data
        kinds = {(each["method"], each["status"]) for each in served.server.log.records if "upload" in each["path"]}
    assert kinds == {("POST", 200), ("PUT", 308), ("PUT", 200)}


def put(bucket: Any, text: str) -> str:
    return str(bucket.call("POST", f"{UPLOAD}?uploadType=media&name=a.txt", text.encode()).ok()["generation"])


def test_older_versions_are_kept_where_the_bucket_says_so(bucket: Any) -> None:
    lost = put(bucket, "zero")
    bucket.call("PATCH", f"/storage/v1/b/{BUCKET}", {"versioning": {"enabled": True}}).ok()
    first = put(bucket, "one")
    second = put(bucket, "two")
    assert bucket.get(f"{OBJECTS}/a.txt?alt=media").body["raw"] == b"two"
    assert bucket.get(f"{OBJECTS}/a.txt?alt=media&generation={lost}").body["raw"] == b"zero"
    assert bucket.call("DELETE", f"{OBJECTS}/a.txt").status == 204
    assert "items" not in bucket.get(OBJECTS).ok()
    found = bucket.get(f"{OBJECTS}?versions=true").ok()["items"]
    assert [each["generation"] for each in found] == [lost, first, second]
    assert all(each["timeDeleted"] for each in found)
    pages = []
    token = ""
    while True:
        page = bucket.get(f"{OBJECTS}?versions=true&maxResults=2&pageToken={token}").ok()
        pages.append([each["generation"] for each in page["items"]])
        token = page.get("nextPageToken", "")
        if not token:
            break
    assert pages == [[lost, first], [second]]
    bucket.delete(f"/storage/v1/b/{BUCKET}").refused(409, "not empty")
    for generation in (lost, first, second):
        assert bucket.call("DELETE", f"{OBJECTS}/a.txt?generation={generation}").status == 204
    assert bucket.delete(f"/storage/v1/b/{BUCKET}").status == 204


def test_without_versioning_what_is_overwritten_is_gone(bucket: Any) -> None:
    old = put(bucket, "one")
    put(bucket, "two")
    bucket.get(f"{OBJECTS}/a.txt?generation={old}").refused(404, "No such object")
    assert len(bucket.get(f"{OBJECTS}?versions=true").ok()["items"]) == 1


def test_an_objects_description_can_be_changed(bucket: Any) -> None:
    put(bucket, "one")
    path = f"{OBJECTS}/a.txt"
    first = bucket.call("PATCH", path, {"contentType": "text/plain", "metadata": {"a": "1", "b": "2"}}).ok()
    assert (first["contentType"], first["metageneration"]) == ("text/plain", "2")
    second = bucket.call("PATCH", f"{path}?ifMetagenerationMatch=2", {"metadata": {"a": None}}).ok()
    assert second["metadata"] == {"b": "2"} and second["generation"] == first["generation"]
    bucket.call("PATCH", f"{path}?ifMetagenerationMatch=2", {"metadata": None}).refused(412)
    assert "metadata" not in bucket.call("PATCH", path, {"metadata": None}).ok()
