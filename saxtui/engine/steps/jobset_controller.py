"""The JobSet controller: a pinned release's manifest, checked by SHA-256, applied, and its webhook waited for.

A ConfigMap of ours beside it, applied last, records which release and bytes were applied and what they held: so a
half-done application is seen as such, and a take-down knows what to delete.
"""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any

from saxtui.engine.protocol.step import ABSENT, Json, Look, Observation, Presence, Step, StepContext, patiently
from saxtui.engine.runs import manifests
from saxtui.engine.steps.objects import any_listed, available, is_ours, ref_of, standing_of
from saxtui.engine.steps.workload import trouble
from saxtui.errors import CallError, Invalid, NotFound, Problem, SaxtuiError, StepFailed
from saxtui.model.plan import StepKind
from saxtui.model.text import safe
from saxtui.ports import Kubernetes, Ref

RELEASES = "https://github.com/kubernetes-sigs/jobset/releases/download"
NAMESPACE = "jobset-system"
_CONTROLLER = Ref("apps/v1", "Deployment", "jobset-controller-manager", NAMESPACE)
_CRD = Ref("apiextensions.k8s.io/v1", "CustomResourceDefinition", "jobsets.jobset.x-k8s.io")
_SPACE = Ref("v1", "Namespace", NAMESPACE)
_RECORD = Ref("v1", "ConfigMap", "saxtui-jobset", NAMESPACE)
_LIMIT = 900.0


class JobSetController(Step):
    """The controller in jobset-system. One that somebody else installed is used as it is and never removed."""

    kind = StepKind.JOBSET_CONTROLLER
    within = True
    settle = 8.0

    @property
    def resource(self) -> str:
        """The release."""
        return f"JobSet controller {self.deployment.jobset.version}"

    @property
    def target(self) -> tuple[str, str]:
        """Server-side applies. Where the manifest comes from is known when it is fetched, so the release names it."""
        return "PATCH", f"every object of {self.deployment.jobset.manifest or f'the {self.resource} release'}"

    @property
    def url(self) -> str:
        """The release's manifest, unless the deployment names another."""
        spec = self.deployment.jobset
        return spec.manifest or f"{RELEASES}/{spec.version}/manifests.yaml"

    @property
    def command(self) -> str:
        """With kubectl."""
        return f"kubectl apply --server-side -f {self.url}"

    def body(self) -> Json:
        """What is applied, by name: the manifest itself is fetched when it is sent."""
        return {"manifest": self.url, "sha256": self.deployment.jobset.sha256}

    async def observe(self, ctx: StepContext) -> Observation:
        """Ours by the label of the controller and of the record beside it."""
        try:
            kubernetes = await ctx.connect()
        except NotFound:
            return ABSENT
        controller = await kubernetes.get(_CONTROLLER)
        record = await kubernetes.get(_RECORD)
        crd = await kubernetes.get(_CRD)
        if controller is None and record is None and crd is None:
            # An application that was cut short right at its beginning has left no more than the namespace.
            space = await kubernetes.get(_SPACE)
            if space is None or not is_ours(space, self.deployment):
                return ABSENT
            if space["metadata"].get("deletionTimestamp"):
                return Observation(Presence.LEAVING, f"{_SPACE} is being deleted", ready=False)
            said = "only its namespace is there"
            return Observation(Presence.OURS, said, str(space["metadata"].get("uid", "")), ready=False, differs=said)
        if controller is not None and not is_ours(controller, self.deployment):
            ready = available(controller) and _established(crd)
            return Observation(Presence.KEPT, f"{_CONTROLLER} was there before us, so it stays", ready=ready)
        leaving = next((item for item in (controller, crd) if item and item["metadata"].get("deletionTimestamp")), None)
        if leaving is not None:
            return Observation(Presence.LEAVING, f"{ref_of(leaving)} is being deleted", ready=False)
        uid = str((controller or record or crd or {"metadata": {}})["metadata"].get("uid", ""))
        version = ((record or {}).get("data") or {}).get("version", "")
        if controller is None or crd is None or version != self.deployment.jobset.version:
            said = "only part of it is applied" if not version else f"{version} is applied"
            return Observation(Presence.OURS, said, uid, ready=False, differs=said)
        ready = available(controller) and _established(crd)
        return Observation(Presence.OURS, f"{self.resource} {'available' if ready else 'starting'}", uid, ready=ready)

    async def create(self, ctx: StepContext) -> str:
        """Fetch, check, apply each object, and then the record of them."""
        source, digest, documents = await self._fetch(ctx)
        kubernetes = await ctx.connect()
        for number, document in enumerate(documents, 1):
            ctx.report(f"applying {ref_of(document)}", number / (len(documents) + 1))
            await kubernetes.apply(self._labelled(document))
        data = {
            "version": self.deployment.jobset.version,
            "source": source,
            "sha256": digest,
            "objects": "\n".join(_line(document) for document in documents),
        }
        metadata = {"name": _RECORD.name, "namespace": NAMESPACE, "labels": self.deployment.labels}
        await kubernetes.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})
        return ""

    async def wait(self, ctx: StepContext) -> str:
        """Until the kind is established, the controller available and its webhook answers a dry run of our JobSet."""
        kubernetes = await ctx.connect()
        jobset = manifests.model_servers(self.deployment, self.manifest)

        async def look() -> Look:
            if not _established(await kubernetes.get(_CRD)):
                return Look(False, "waiting for the JobSet kind")
            controller = await kubernetes.get(_CONTROLLER)
            if controller is None or not available(controller):
                pods = await kubernetes.list("v1", "Pod", NAMESPACE)
                return Look(False, trouble(pods) or "waiting for the controller")
            if await kubernetes.get(ref_of(jobset)) is not None:
                return Look(True, "its webhook let our JobSet through")
            try:
                await kubernetes.create(jobset, dry_run=True)
            except Invalid:
                raise
            except CallError as error:
                return Look(False, f"waiting for its webhook: {error.problem.said}")
            return Look(True, "its webhook answers")

        ended = await ctx.poll(look, limit=_LIMIT, tried="wait for", target=self.resource)
        return f"{self.resource}: {ended.said}"

    async def delete(self, ctx: StepContext, seen: Observation) -> None:
        """Delete what the record lists and carries our label, the record last."""
        kubernetes = await ctx.connect()
        for ref in reversed(await self._recorded(ctx, kubernetes)):
            found = await kubernetes.get(ref)
            if found is not None and is_ours(found, self.deployment):
                ctx.report(f"deleting {ref}")
                await kubernetes.delete(ref, uid=str(found["metadata"].get("uid", "")))
        await kubernetes.delete(_RECORD)

    async def left(self, ctx: StepContext) -> str:
        """The controller, its kind, or its namespace."""
        kubernetes = await ctx.connect()
        return await standing_of(kubernetes, (_CONTROLLER, _CRD, _SPACE), self.deployment)

    async def listed(self, ctx: StepContext) -> bool:
        """By the lists of Deployments in its namespace and of custom kinds."""
        try:
            kubernetes = await ctx.connect()
        except NotFound:
            return False
        if await any_listed(kubernetes, (_CONTROLLER, _CRD)):
            return True
        spaces = await kubernetes.list(_SPACE.api_version, _SPACE.kind)
        return any(item["metadata"].get("name") == NAMESPACE and is_ours(item, self.deployment) for item in spaces)

    async def _fetch(self, ctx: StepContext) -> tuple[str, str, list[Json]]:
        """Source, SHA-256 and objects of the manifest. Raises StepFailed when the bytes are not the pinned ones."""
        spec = self.deployment.jobset
        source, pinned = self.url, spec.sha256
        if not spec.manifest and ctx.jobset_source[0]:
            source, pinned = ctx.jobset_source[0], ctx.jobset_source[1] or spec.sha256
        ctx.report(f"fetching {source}")
        data = await patiently(ctx, lambda: ctx.cloud.fetch(source))
        digest = hashlib.sha256(data).hexdigest()
        if pinned and digest != pinned:
            raise StepFailed(
                Problem(
                    tried="check the manifest",
                    target=safe(source),
                    said=f"its SHA-256 is {digest}, expected is {pinned}: nothing of it was applied",
                    next_step="find out why it changed; then set jobset.sha256 in the deployment file",
                    reason="HASH_MISMATCH",
                )
            )
        if not pinned:
            await ctx.note(f"first seen: {source} has SHA-256 {digest}; set jobset.sha256 to pin it")
        documents = await asyncio.to_thread(_documents, data)
        if not any(ref_of(item) == _CONTROLLER for item in documents):
            said = "it is no JobSet release manifest: no jobset-controller-manager in it"
            raise StepFailed(Problem(tried="read the manifest", target=safe(source), said=said, reason="MANIFEST"))
        return source, digest, documents

    def _labelled(self, document: Json) -> Json:
        metadata = document["metadata"]
        labels = {**(metadata.get("labels") or {}), **self.deployment.labels}
        return {**document, "metadata": {**metadata, "labels": labels}}

    async def _recorded(self, ctx: StepContext, kubernetes: Kubernetes) -> list[Ref]:
        """What was applied: by the record, else (it is applied last) whatever the manifest holds."""
        record = await kubernetes.get(_RECORD)
        lines = str(((record or {}).get("data") or {}).get("objects", "")).splitlines()
        refs = [Ref(*line.split("|")) for line in lines if line.count("|") == 3]
        if refs:
            return refs
        try:
            _, _, documents = await self._fetch(ctx)
        except SaxtuiError as error:
            await ctx.note(f"what was applied is not recorded, and {error.problem.one_line()}")
            return [_SPACE, _CRD, _CONTROLLER]
        return [ref_of(document) for document in documents]


def _documents(data: bytes) -> list[Json]:
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        found = list(yaml.load_all(data, Loader=loader))
    except (yaml.YAMLError, ValueError) as error:
        said = f"it is not YAML: {safe(error, 300)}"
        raise StepFailed(Problem(tried="read the manifest", target="JobSet", said=said, reason="MANIFEST")) from None
    return [item for item in found if isinstance(item, dict) and (item.get("metadata") or {}).get("name")]


def _line(document: Json) -> str:
    ref = ref_of(document)
    return "|".join((ref.api_version, ref.kind, ref.name, ref.namespace))


def _established(crd: Json | None) -> bool:
    conditions = ((crd or {}).get("status") or {}).get("conditions") or []
    return any(item.get("type") == "Established" and item.get("status") == "True" for item in conditions)
