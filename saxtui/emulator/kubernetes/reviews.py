"""What a caller may do, and who the caller is: access reviews. The token's bearer is the cluster's administrator."""

from __future__ import annotations

from saxtui.emulator.kubernetes import status
from saxtui.emulator.kubernetes.kinds import KindInfo
from saxtui.emulator.kubernetes.objects import Json
from saxtui.emulator.kubernetes.wire import Call, Reply, decode

AUTHORIZATION, AUTHENTICATION = "authorization.k8s.io", "authentication.k8s.io"
USER = "operator@demo-project.example.com"
_GROUPS = ["system:authenticated", "system:masters"]
_EVERYTHING = {
    "resourceRules": [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}],
    "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}],
    "incomplete": False,
}
_ALLOWED = {"allowed": True, "reason": "the bearer of this token is the cluster's administrator"}
_STATUS: dict[str, Json] = {
    "SelfSubjectAccessReview": _ALLOWED,
    "SelfSubjectRulesReview": _EVERYTHING,
    "SelfSubjectReview": {"userInfo": {"username": USER, "groups": _GROUPS}},
}
KINDS: tuple[KindInfo, ...] = (
    KindInfo(AUTHENTICATION, "v1", "SelfSubjectReview", "selfsubjectreviews", namespaced=False),
    KindInfo(AUTHORIZATION, "v1", "SelfSubjectAccessReview", "selfsubjectaccessreviews", namespaced=False),
    KindInfo(AUTHORIZATION, "v1", "SelfSubjectRulesReview", "selfsubjectrulesreviews", namespaced=False),
)
VERBS = ("create",)
_PLACES = {("apis", info.group, info.version, info.plural): info for info in KINDS}


def answer(parts: list[str], call: Call) -> Reply | None:
    """The answer to a POST of a review, or None when the path is not one. Raises ApiError 400 or 405."""
    info = _PLACES.get(tuple(parts))  # type: ignore[arg-type]
    if info is None:
        return None
    if call.method != "POST":
        raise status.method_not_allowed()
    review = decode(call)
    if review.get("kind") not in (None, info.kind):
        raise status.bad_request(f"the object provided is a {review['kind']}, not a {info.kind}")
    head = {"kind": info.kind, "apiVersion": info.api_version, "metadata": review.get("metadata") or {}}
    return Reply(201, {**head, "spec": review.get("spec") or {}, "status": _STATUS[info.kind]})
