"""Admission webhooks in effect: which ones an object meets, and whether their Service has anyone behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from saxtui.emulator.kubernetes import status
from saxtui.emulator.kubernetes.kinds import KindInfo
from saxtui.emulator.kubernetes.objects import Json, labels_of, pod_ready
from saxtui.emulator.kubernetes.selectors import matches_label_selector

if TYPE_CHECKING:
    from saxtui.emulator.kubernetes.store import KubeStore


def endpoints(store: KubeStore, service: Json) -> list[Json]:
    """The ready pods behind a Service, in order of name."""
    selector = (service.get("spec") or {}).get("selector")
    if not selector:
        return []
    pods = store.list("Pod", service["metadata"]["namespace"], selector)
    return [pod for pod in pods if pod_ready(pod)]


def _rule_matches(rule: Json, info: KindInfo, operation: str) -> bool:
    def among(wanted: str, field: str) -> bool:
        return bool({wanted, "*"} & set(rule.get(field) or []))

    return (
        among(info.group, "apiGroups")
        and among(info.version, "apiVersions")
        and among(info.plural, "resources")
        and among(operation, "operations")
    )


def matching(store: KubeStore, info: KindInfo, obj: Json, operation: str) -> list[Json]:
    """The webhooks an object meets: mutating ones first, each kind in order of configuration name."""
    out = []
    for kind in ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"):
        for configuration in store.list(kind):
            for hook in configuration.get("webhooks") or []:
                rules = hook.get("rules") or []
                if any(_rule_matches(rule, info, operation) for rule in rules) and matches_label_selector(
                    hook.get("objectSelector"), labels_of(obj)
                ):
                    out.append(hook)
    return out


def call(store: KubeStore, info: KindInfo, obj: Json, operation: str) -> bool:
    """Whether any webhook was called. Raises ApiError 500 when one that must be asked cannot be reached."""
    hooks = matching(store, info, obj, operation)
    for hook in hooks:
        why = _unreachable(store, hook)
        if why and hook.get("failurePolicy", "Fail") == "Fail":
            service = hook["clientConfig"]["service"]
            url = (
                f"https://{service['name']}.{service['namespace']}.svc:{service.get('port', 443)}"
                f"{service.get('path', '/')}?timeout={hook.get('timeoutSeconds', 10)}s"
            )
            raise status.internal(
                f'failed calling webhook "{hook["name"]}": failed to call webhook: Post "{url}": {why}'
            )
    return bool(hooks)


def _unreachable(store: KubeStore, hook: Json) -> str:
    reference = (hook.get("clientConfig") or {}).get("service")
    if not reference:
        return ""
    service = store.peek("Service", str(reference.get("namespace")), str(reference.get("name")))
    if service is None:
        return f'service "{reference.get("name")}" not found'
    if not endpoints(store, service):
        return f'no endpoints available for service "{reference.get("name")}"'
    return ""
