"""Field numbers of the kinds that kubectl's `create` verbs send as protobuf, from the k8s.io/api .proto files (1.32).

Pods' volumes, probes, affinity and the like are left out: no `kubectl create` verb sends them.
"""

from __future__ import annotations

from typing import Any

Message = dict[int, tuple[str, Any]]
"""Field number → (JSON name, type): "string", "bool", "int", "strings", "map", "bytemap", "intstr", Message, [Message].
"""

_OWNER: Message = {
    1: ("kind", "string"),
    3: ("name", "string"),
    4: ("uid", "string"),
    5: ("apiVersion", "string"),
    6: ("controller", "bool"),
    7: ("blockOwnerDeletion", "bool"),
}
_META: Message = {
    1: ("name", "string"),
    2: ("generateName", "string"),
    3: ("namespace", "string"),
    5: ("uid", "string"),
    6: ("resourceVersion", "string"),
    11: ("labels", "map"),
    12: ("annotations", "map"),
    13: ("ownerReferences", [_OWNER]),
    14: ("finalizers", "strings"),
}
_REFERENCE: Message = {
    1: ("kind", "string"),
    2: ("namespace", "string"),
    3: ("name", "string"),
    4: ("uid", "string"),
    5: ("apiVersion", "string"),
    6: ("resourceVersion", "string"),
    7: ("fieldPath", "string"),
}
_RULE: Message = {
    1: ("verbs", "strings"),
    2: ("apiGroups", "strings"),
    3: ("resources", "strings"),
    4: ("resourceNames", "strings"),
    5: ("nonResourceURLs", "strings"),
}
_SUBJECT: Message = {
    1: ("kind", "string"),
    2: ("apiGroup", "string"),
    3: ("name", "string"),
    4: ("namespace", "string"),
}
_ROLE_REF: Message = {1: ("apiGroup", "string"), 2: ("kind", "string"), 3: ("name", "string")}
_ROLE: Message = {1: ("metadata", _META), 2: ("rules", [_RULE])}
_BINDING: Message = {1: ("metadata", _META), 2: ("subjects", [_SUBJECT]), 3: ("roleRef", _ROLE_REF)}
_RESOURCE: Message = {
    1: ("namespace", "string"),
    2: ("verb", "string"),
    3: ("group", "string"),
    4: ("version", "string"),
    5: ("resource", "string"),
    6: ("subresource", "string"),
    7: ("name", "string"),
}
_REVIEW: Message = {
    1: ("resourceAttributes", _RESOURCE),
    2: ("nonResourceAttributes", {1: ("path", "string"), 2: ("verb", "string")}),
}
_SELECTOR: Message = {1: ("matchLabels", "map")}
_PORT: Message = {
    1: ("name", "string"),
    3: ("containerPort", "int"),
    4: ("protocol", "string"),
}
_RESOURCES: Message = {1: ("limits", "quantities"), 2: ("requests", "quantities")}
_CONTAINER: Message = {
    1: ("name", "string"),
    2: ("image", "string"),
    3: ("command", "strings"),
    4: ("args", "strings"),
    5: ("workingDir", "string"),
    6: ("ports", [_PORT]),
    7: ("env", [{1: ("name", "string"), 2: ("value", "string")}]),
    8: ("resources", _RESOURCES),
    14: ("imagePullPolicy", "string"),
}
_POD: Message = {
    2: ("containers", [_CONTAINER]),
    3: ("restartPolicy", "string"),
    4: ("terminationGracePeriodSeconds", "int"),
    5: ("activeDeadlineSeconds", "int"),
    6: ("dnsPolicy", "string"),
    7: ("nodeSelector", "map"),
    8: ("serviceAccountName", "string"),
    10: ("nodeName", "string"),
    20: ("initContainers", [_CONTAINER]),
}
_TEMPLATE: Message = {1: ("metadata", _META), 2: ("spec", _POD)}
_DEPLOYMENT: Message = {
    1: ("replicas", "int"),
    2: ("selector", _SELECTOR),
    3: ("template", _TEMPLATE),
}
_JOB: Message = {
    1: ("parallelism", "int"),
    2: ("completions", "int"),
    3: ("activeDeadlineSeconds", "int"),
    4: ("selector", _SELECTOR),
    5: ("manualSelector", "bool"),
    6: ("template", _TEMPLATE),
    7: ("backoffLimit", "int"),
    8: ("ttlSecondsAfterFinished", "int"),
    9: ("completionMode", "string"),
    10: ("suspend", "bool"),
}
_SERVICE_PORT: Message = {
    1: ("name", "string"),
    2: ("protocol", "string"),
    3: ("port", "int"),
    4: ("targetPort", "intstr"),
}
_SERVICE: Message = {
    1: ("ports", [_SERVICE_PORT]),
    2: ("selector", "map"),
    3: ("clusterIP", "string"),
    4: ("type", "string"),
    10: ("externalName", "string"),
}
_EVICTION: Message = {
    1: ("gracePeriodSeconds", "int"),
    2: ("preconditions", {1: ("uid", "string"), 2: ("resourceVersion", "string")}),
    4: ("propagationPolicy", "string"),
    5: ("dryRun", "strings"),
}
_TOKEN: Message = {1: ("audiences", "strings"), 4: ("expirationSeconds", "int")}
KINDS: dict[str, Message] = {
    "ServiceAccount": {
        1: ("metadata", _META),
        2: ("secrets", [_REFERENCE]),
        3: ("imagePullSecrets", [{1: ("name", "string")}]),
        4: ("automountServiceAccountToken", "bool"),
    },
    "Namespace": {1: ("metadata", _META), 2: ("spec", {1: ("finalizers", "strings")})},
    "ConfigMap": {1: ("metadata", _META), 2: ("data", "map"), 3: ("binaryData", "bytemap"), 4: ("immutable", "bool")},
    "Secret": {1: ("metadata", _META), 2: ("data", "bytemap"), 3: ("type", "string"), 4: ("stringData", "map")},
    "Role": _ROLE,
    "ClusterRole": _ROLE,
    "RoleBinding": _BINDING,
    "ClusterRoleBinding": _BINDING,
    "SelfSubjectAccessReview": {1: ("metadata", _META), 2: ("spec", _REVIEW)},
    "SelfSubjectRulesReview": {1: ("metadata", _META), 2: ("spec", {1: ("namespace", "string")})},
    "SelfSubjectReview": {1: ("metadata", _META)},
    "Deployment": {1: ("metadata", _META), 2: ("spec", _DEPLOYMENT)},
    "Job": {1: ("metadata", _META), 2: ("spec", _JOB)},
    "Service": {1: ("metadata", _META), 2: ("spec", _SERVICE)},
    "Eviction": {1: ("metadata", _META), 2: ("deleteOptions", _EVICTION)},
    "TokenRequest": {1: ("metadata", _META), 2: ("spec", _TOKEN)},
}
