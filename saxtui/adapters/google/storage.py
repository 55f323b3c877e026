"""Cloud Storage through the official client, in threads; nothing that changes anything is repeated by itself."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import quote

from saxtui.adapters.google import errors
from saxtui.adapters.google.transport import TIMEOUT, Json, Transport
from saxtui.errors import Invalid, NotFound, Problem
from saxtui.model.text import safe
from saxtui.ports import BucketInfo, ObjectInfo

T = TypeVar("T")
_UNIFORM = "uniformBucketLevelAccess"


class GoogleBuckets:
    """Fulfils ports.Buckets."""

    def __init__(self, transport: Transport, endpoint: str) -> None:
        self._transport = transport
        self._endpoint = endpoint
        self._client: Any = None

    async def get(self, name: str) -> BucketInfo | None:
        """None where the API says 404. Raises Denied for somebody else's bucket of that name."""
        try:
            found = await self._run(lambda: self._load().get_bucket(name, timeout=TIMEOUT), "get bucket", name)
        except NotFound:
            return None
        return _info(found)

    async def list(self) -> list[BucketInfo]:
        """The project's buckets."""
        found = await self._run(
            lambda: list(self._load().list_buckets(timeout=TIMEOUT)), "list buckets of", self._transport.project
        )
        return [_info(item) for item in found]

    async def create(self, body: Json) -> BucketInfo:
        """Raises Conflict when the name is taken, by us or by anybody."""
        name = str(body.get("name", ""))
        found = await self._run(lambda: self._create(body), "create bucket", name)
        return _info(found)

    async def delete(self, name: str, metageneration: int) -> None:
        """Delete an empty bucket as it was seen. Raises NotFound; Conflict when it changed or is not empty."""

        def work() -> None:
            bucket = self._load().bucket(name)
            bucket.delete(if_metageneration_match=metageneration or None, timeout=TIMEOUT, retry=None)

        await self._run(work, "delete bucket", name)

    async def objects(self, name: str, prefix: str = "", limit: int = 1000) -> builtins.list[ObjectInfo]:
        """Objects by name. Raises NotFound when there is no such bucket."""

        def work() -> builtins.list[ObjectInfo]:
            blobs = self._load().list_blobs(name, prefix=prefix or None, max_results=limit, timeout=TIMEOUT)
            # Names go back to the API in deletes, so they are kept as they are; views show them through safe().
            return [ObjectInfo(blob.name, int(blob.generation or 0), int(blob.size or 0)) for blob in blobs]

        return await self._run(work, "list objects of bucket", name)

    async def delete_object(self, name: str, item: ObjectInfo) -> None:
        """Delete exactly that generation. Raises NotFound, Conflict."""

        def work() -> None:
            bucket = self._load().bucket(name)
            bucket.delete_blob(
                item.name, generation=item.generation, if_generation_match=item.generation, timeout=TIMEOUT, retry=None
            )

        await self._run(work, f"delete from bucket {name}", item.name)

    async def find_object(self, name: str, key: str) -> ObjectInfo | None:
        """One object's metadata, with the time on the server's clock from the answer's Date header."""
        return await self._transport.run(lambda: self._find(name, key), f"look in bucket {name} for", key)

    async def read_object(self, name: str, key: str, generation: int = 0, limit: int = 8_388_608) -> bytes | None:
        """Its content, whole. None when there is no such object, generation or bucket. Raises Invalid when larger."""

        def work() -> bytes:
            blob = self._load().bucket(name).blob(key, generation=generation or None)
            content: bytes = blob.download_as_bytes(end=limit, raw_download=True, timeout=TIMEOUT)
            return content

        try:
            data = await self._run(work, f"read from bucket {name}", key)
        except NotFound:
            return None
        if len(data) > limit:
            said = f"is larger than {limit} bytes"
            raise Invalid(Problem(tried=f"read from bucket {name}", target=safe(key), said=said))
        return data

    async def put_object(self, name: str, key: str, data: bytes, generation_match: int | None = None) -> ObjectInfo:
        """Write it in one request, sent once. Raises Conflict when the generation is another, NotFound."""

        def work() -> ObjectInfo:
            blob = self._load().bucket(name).blob(key)
            blob.upload_from_string(
                data, "application/json", if_generation_match=generation_match, timeout=TIMEOUT, retry=None
            )
            return ObjectInfo(blob.name, int(blob.generation or 0), int(blob.size or 0), blob.updated.timestamp())

        return await self._run(work, f"write to bucket {name}", key)

    def _find(self, name: str, key: str) -> ObjectInfo | None:
        url = f"{self._endpoint.rstrip('/')}/storage/v1/b/{quote(name, safe='')}/o/{quote(key, safe='')}"
        session = self._transport.session()
        asked = {"fields": "name,generation,size,updated"}
        response = session.get(url, params=asked, timeout=TIMEOUT, allow_redirects=False)
        answer = errors.read_answer(response.status_code, response.content, response.headers)
        if answer.code == 404 and answer.genuine:
            return None
        if answer.code != 200:
            raise errors.from_answer(answer, f"look in bucket {name} for", key, self._transport.project)
        found = errors.json_of(response)
        return ObjectInfo(
            name=str(found["name"]),
            generation=int(found["generation"]),
            size=int(found.get("size", 0)),
            updated=datetime.fromisoformat(str(found["updated"])).timestamp(),
            answered=parsedate_to_datetime(response.headers["Date"]).timestamp(),
        )

    async def _run(self, work: Callable[[], T], tried: str, target: str) -> T:
        return await self._transport.run(work, tried, target)

    def _load(self) -> Any:
        if self._client is None:
            from google.cloud import storage

            client: Any = storage.Client(
                project=self._transport.project,
                credentials=self._transport.credentials.load(),
                client_options={"api_endpoint": self._endpoint},
            )
            # It would look buckets up in threads of its own, only to label traces that nobody collects; its switch for
            # that (DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA) leaves a look after every 404.
            client._bucket_metadata_cache = None
            self._client = client
        return self._client

    def _create(self, body: Json) -> Any:
        client = self._load()
        bucket = client.bucket(body.get("name", ""))
        access = body.get("iamConfiguration", {})
        unknown = set(body) - {"name", "location", "labels", "storageClass", "iamConfiguration", "softDeletePolicy"}
        if unknown:
            said = f"fields this adapter does not send: {', '.join(sorted(unknown))}"
            raise Invalid(Problem(tried="create bucket", target=safe(bucket.name), said=said))
        bucket.labels = body.get("labels", {})
        if body.get("storageClass"):
            bucket.storage_class = body["storageClass"]
        if _UNIFORM in access:
            bucket.iam_configuration.uniform_bucket_level_access_enabled = bool(access[_UNIFORM].get("enabled"))
        if "publicAccessPrevention" in access:
            bucket.iam_configuration.public_access_prevention = access["publicAccessPrevention"]
        if "softDeletePolicy" in body:
            seconds = int(body["softDeletePolicy"].get("retentionDurationSeconds", 0))
            bucket.soft_delete_policy.retention_duration_seconds = seconds
        return client.create_bucket(bucket, location=body.get("location"), timeout=TIMEOUT, retry=None)


def _info(found: Any) -> BucketInfo:
    number = str(found.project_number or "")
    created = found.time_created.isoformat() if found.time_created else ""
    return BucketInfo(
        name=safe(found.name),
        location=safe(found.location or ""),
        labels={safe(key): safe(value) for key, value in (found.labels or {}).items()},
        project_number=safe(number),
        metageneration=int(found.metageneration or 0),
        uid=f"{number}/{safe(created)}",
        link=safe(found.self_link or ""),
    )
