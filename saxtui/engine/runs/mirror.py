"""A copy of the journal in the deployment's bucket, for the day this machine is lost. Best effort.

JSON lines: a head, then one line an event that says what exists. Written only under the lease, so by one writer.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from saxtui.engine.runs.lease import Lease
from saxtui.errors import CallError, SaxtuiError
from saxtui.model import events as ev
from saxtui.model.plan import StepKind
from saxtui.model.text import safe_block
from saxtui.ports import Cloud, Journal

if TYPE_CHECKING:
    from saxtui.model.deployment import Deployment

KEY = "saxtui/journal.jsonl"
_CHANGES = (ev.OperationSeen, ev.Owned, ev.Foreign, ev.Doubt, ev.Deleting, ev.Gone)
"""After these the copy is written anew."""
_KEPT = (*_CHANGES, ev.RunStarted, ev.RunFinished, ev.Intent, ev.StepDone)
"""These it holds; the rest only tells how it went."""


class Mirror:
    """One run's copying. `heard` is told every event; `run` writes until `stop`."""

    def __init__(self, deployment: Deployment, cloud: Cloud, journal: Journal, lease: Lease) -> None:
        self._deployment = deployment
        self._cloud = cloud
        self._journal = journal
        self._lease = lease
        self._changed = asyncio.Event()
        self._behind = False
        self._stopping = False
        self._off = False

    def heard(self, event: ev.Event) -> None:
        """Note that the copy is behind. Once the bucket itself is to go, there are no copies any more."""
        if isinstance(event, ev.Deleting) and event.kind == StepKind.BUCKET.value:
            self._off = True
        if isinstance(event, _CHANGES):
            self._behind = True
            self._changed.set()

    def stop(self) -> None:
        """Write once more if it is behind, then end."""
        self._stopping = True
        self._changed.set()

    async def run(self) -> None:
        """Write after every change, several at once when they come faster than they can be written."""
        while not self._stopping:
            await self._changed.wait()
            self._changed.clear()
            await self._write()

    async def _write(self) -> None:
        if not self._behind or self._off or not self._lease.held:
            return
        self._behind = False
        try:
            data = render(self._deployment.id, await self._journal.events())
            if self._lease.held and not self._off:
                await self._cloud.buckets.put_object(self._deployment.bucket, KEY, data)
        except SaxtuiError:
            self._behind = True


def render(deployment: str, events: Iterable[ev.Event]) -> bytes:
    """The copy's content."""
    rows = [json.dumps(event.record()) for event in events if isinstance(event, _KEPT)]
    body = "\n".join(rows).encode()
    head = {"format": 1, "deployment": deployment, "events": len(rows), "sha256": hashlib.sha256(body).hexdigest()}
    return json.dumps(head).encode() + b"\n" + body


def parse(data: bytes, deployment: str) -> list[ev.Event]:
    """The events of a copy. Raises ValueError when it is another deployment's, torn, or not understood."""
    first, _, body = data.partition(b"\n")
    head = json.loads(first)
    if not isinstance(head, dict) or head.get("format") != 1 or head.get("deployment") != deployment:
        raise ValueError("not a copy of this deployment's journal that this saxtui knows")
    if hashlib.sha256(body).hexdigest() != head.get("sha256"):
        raise ValueError("the copy is torn: its hash does not fit")
    try:
        rows = [_harmless(json.loads(line)) for line in body.decode("ascii").split("\n") if line]
        return [ev.from_record(row) for row in rows]
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"a record cannot be understood: {error}") from error


async def fetch(deployment: Deployment, cloud: Cloud) -> tuple[list[ev.Event], str]:
    """The events of the copy in the bucket, if the bucket is ours; and one line of what was found."""
    try:
        bucket = await cloud.buckets.get(deployment.bucket)
        if bucket is None or not deployment.owns(bucket.labels):
            return [], "no bucket of ours, so no copy of the journal in it"
        data = await cloud.buckets.read_object(deployment.bucket, KEY)
        if data is None:
            return [], f"no copy of the journal in gs://{deployment.bucket}"
        events = parse(data, deployment.id)
    except CallError as error:
        return [], f"the copy in the bucket could not be read: {error.problem.said}"
    except (ValueError, RecursionError) as error:
        return [], f"the copy in the bucket is of no use: {safe_block(error, 200)}"
    return events, f"{len(events)} records taken from gs://{deployment.bucket}/{KEY}"


def _harmless(value: Any) -> Any:
    """Anybody who may write to the bucket may have written it: every text passes the gate again."""
    if isinstance(value, str):
        return safe_block(value)
    if isinstance(value, list):
        return [_harmless(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _harmless(item) for key, item in value.items()}
    return value
