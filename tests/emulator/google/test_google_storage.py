"""Cloud Storage JSON: names, ownership, objects, preconditions and policies."""

from __future__ import annotations

import base64
import hashlib
import struct
from typing import Any

import google_crc32c
import pytest

B = "/storage/v1/b"


def make(simulated: Any, name: str = "demo-project-gke-bucket", **fields: Any) -> Any:
    return simulated.post(f"{B}?project=demo-project", {"name": name, **fields})


def upload(simulated: Any, name: str, data: bytes, query: str = "", bucket: str = "demo-project-gke-bucket") -> Any:
    url = f"/upload/storage/v1/b/{bucket}/o?uploadType=media&name={name}{query}"
    return simulated.call("POST", url, data, {"content-type": "text/plain"})


def test_a_bucket_from_insert_to_delete(simulated: Any) -> None:
    row = make(simulated, location="us-west4", labels={"saxtui-deployment": "abc123"}).ok()
    assert (row["location"], row["locationType"]) == ("US-WEST4", "region")
    assert row["labels"] == {"saxtui-deployment": "abc123"}
    assert row["projectNumber"] == "415104041262"
    assert simulated.get(f"{B}?project=demo-project").ok()["items"] == [row]
    assert simulated.get(f"{B}/{row['name']}?fields=name").ok() == {"name": row["name"]}
    assert simulated.delete(f"{B}/{row['name']}").status == 204
    simulated.get(f"{B}/{row['name']}").refused(404, "The specified bucket does not exist.")
    assert "items" not in simulated.get(f"{B}?project=demo-project").ok()


def test_the_override_may_end_in_storage_v1(simulated: Any) -> None:
    make(simulated).ok()
    assert simulated.get("/b/demo-project-gke-bucket").ok()["name"] == "demo-project-gke-bucket"


def test_names_are_one_space_for_the_world(simulated: Any) -> None:
    make(simulated).ok()
    error = make(simulated).refused(409, "you already own it")
    assert error["errors"][0]["reason"] == "conflict"
    make(simulated, "gke-bucket").refused(409, "The requested bucket name is not available")
    simulated.get(f"{B}/gke-bucket").refused(403, "storage.buckets.get")
    make(simulated, "a-fine-name").ok()


@pytest.mark.parametrize("name", ["ab", "Upper", "-dash", "dot..dot", "10.1.2.3", "x" * 64, "goog-x", "my-google-x"])
def test_illegal_names(simulated: Any, name: str) -> None:
    make(simulated, name).refused(400, name)


def test_unknown_project(simulated: Any) -> None:
    simulated.post(f"{B}?project=nope", {"name": "a-bucket"}).refused(400, "Unknown project id: nope")


def test_only_an_empty_bucket_can_be_deleted(simulated: Any) -> None:
    make(simulated).ok()
    upload(simulated, "sax-root%2Ftest%2Fmeta", b"hello").ok()
    simulated.delete(f"{B}/demo-project-gke-bucket").refused(409, "The bucket you tried to delete is not empty.")
    assert simulated.delete(f"{B}/demo-project-gke-bucket/o/sax-root%2Ftest%2Fmeta").status == 204
    assert simulated.delete(f"{B}/demo-project-gke-bucket").status == 204


def test_objects_carry_true_checksums_and_come_back(simulated: Any) -> None:
    make(simulated).ok()
    data = bytes(range(256)) * 3
    row = upload(simulated, "a%2Fx.bin", data).ok()
    assert row["name"] == "a/x.bin"
    assert row["md5Hash"] == base64.b64encode(hashlib.md5(data).digest()).decode()
    assert row["crc32c"] == base64.b64encode(struct.pack(">I", google_crc32c.value(data))).decode()
    url = f"{B}/demo-project-gke-bucket/o/a%2Fx.bin?alt=media"
    assert simulated.get(url).body["raw"] == data
    part = simulated.call("GET", url, headers={"range": "bytes=10-19"})
    assert (part.status, part.body["raw"]) == (206, data[10:20])
    simulated.get(f"{B}/demo-project-gke-bucket/o/none").refused(404, "No such object: demo-project-gke-bucket/none")


@pytest.mark.parametrize("end", ["\r\n", "\n"])
def test_multipart_uploads_with_either_line_end(simulated: Any, end: str) -> None:
    make(simulated).ok()
    lines = ["--=b=", "Content-Type: application/json", "", '{"name": "n", "contentType": "text/x"}', "--=b="]
    lines += ["Content-Type: text/plain", "", "one\r\ntwo\n", "--=b=--"]
    url = "/upload/storage/v1/b/demo-project-gke-bucket/o?uploadType=multipart"
    headers = {"content-type": "multipart/related; boundary='=b='"}
    row = simulated.call("POST", url, end.join(lines).encode(), headers).ok()
    assert (row["name"], row["contentType"], row["size"]) == ("n", "text/x", "9")
    assert simulated.get(f"{B}/demo-project-gke-bucket/o/n?alt=media").body["raw"] == b"one\r\ntwo\n"


def test_a_wrong_checksum_is_refused_and_stores_nothing(simulated: Any) -> None:
    make(simulated).ok()
    body = b'--b\r\n\r\n{"name": "n", "crc32c": "AAAAAA=="}\r\n--b\r\n\r\ndata\r\n--b--'
    url = "/upload/storage/v1/b/demo-project-gke-bucket/o?uploadType=multipart"
    simulated.call("POST", url, body, {"content-type": "multipart/related; boundary=b"}).refused(400, "crc32c")
    simulated.get(f"{B}/demo-project-gke-bucket/o/n").refused(404)


def test_listing_by_prefix_delimiter_and_page(simulated: Any) -> None:
    make(simulated).ok()
    for name in ("a%2F1", "a%2F2", "b%2Fc%2F3", "top"):
        upload(simulated, name, b"x").ok()
    url = f"{B}/demo-project-gke-bucket/o"
    assert [item["name"] for item in simulated.get(url).ok()["items"]] == ["a/1", "a/2", "b/c/3", "top"]
    assert [item["name"] for item in simulated.get(f"{url}?prefix=a/").ok()["items"]] == ["a/1", "a/2"]
    page = simulated.get(f"{url}?delimiter=/").ok()
    assert (page["prefixes"], [item["name"] for item in page["items"]]) == (["a/", "b/"], ["top"])
    names, token = [], ""
    while True:
        page = simulated.get(f"{url}?maxResults=3&fields=items(name),nextPageToken&pageToken={token}").ok()
        names += [item["name"] for item in page["items"]]
        assert all(set(item) == {"name"} for item in page["items"])
        token = page.get("nextPageToken", "")
        if not token:
            break
    assert names == ["a/1", "a/2", "b/c/3", "top"]


def test_generation_preconditions(simulated: Any) -> None:
    make(simulated).ok()
    first = upload(simulated, "n", b"1", "&ifGenerationMatch=0").ok()
    error = upload(simulated, "n", b"2", "&ifGenerationMatch=0").refused(412, "pre-conditions")
    assert error["errors"][0]["reason"] == "conditionNotMet"
    second = upload(simulated, "n", b"2", f"&ifGenerationMatch={first['generation']}").ok()
    assert int(second["generation"]) > int(first["generation"])
    url = f"{B}/demo-project-gke-bucket/o/n"
    simulated.delete(f"{url}?ifGenerationMatch={first['generation']}").refused(412)
    simulated.delete(f"{url}?generation={first['generation']}").refused(404)
    assert simulated.delete(f"{url}?generation={second['generation']}").status == 204


def test_metageneration_guards_a_delete(simulated: Any) -> None:
    make(simulated).ok()
    url = f"{B}/demo-project-gke-bucket"
    patched = simulated.call("PATCH", url, {"labels": {"a": "b", "c": "d"}}).ok()
    assert (patched["metageneration"], patched["labels"]) == ("2", {"a": "b", "c": "d"})
    assert simulated.call("PATCH", url, {"labels": {"c": None}}).ok()["labels"] == {"a": "b"}
    simulated.delete(f"{url}?ifMetagenerationMatch=1").refused(412)
    assert simulated.delete(f"{url}?ifMetagenerationMatch=3").status == 204


def test_policy_read_modify_write(simulated: Any) -> None:
    make(simulated).ok()
    simulated.post("/v1/projects/demo-project/serviceAccounts", {"accountId": "sax-iam-sa"}).ok()
    url = f"{B}/demo-project-gke-bucket/iam"
    policy = simulated.get(url + "?optionsRequestedPolicyVersion=3").ok()
    assert {binding["role"] for binding in policy["bindings"]} >= {"roles/storage.legacyBucketOwner"}
    member = "serviceAccount:sax-iam-sa@demo-project.iam.gserviceaccount.com"
    policy["bindings"].append({"role": "roles/storage.objectAdmin", "members": [member]})
    written = simulated.call("PUT", url, policy).ok()
    assert written["etag"] != policy["etag"]
    simulated.call("PUT", url, policy).refused(412)
    asked = "permissions=storage.objects.create&permissions=storage.objects.list&permissions=compute.zones.list"
    held = simulated.get(f"{url}/testPermissions?{asked}").ok()["permissions"]
    assert held == ["storage.objects.create", "storage.objects.list"]
