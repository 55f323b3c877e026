"""Field names of built-in kinds, for strict validation (fieldValidation=Strict), from the Kubernetes 1.32 reference.

A shape lists `name` (any value), `name:Shape` (an object), `name:[Shape]` (a list of objects) and `name:type`, where a
type is str, int, bool, map, list, texts (a map of strings) or intstr; `*` lets further fields pass.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from saxtui.emulator.kubernetes.objects import Json

_METADATA = (
    "name:str generateName:str namespace:str labels:texts annotations:texts finalizers:list "
    "ownerReferences:[OwnerReference] uid:str resourceVersion:str generation:int creationTimestamp deletionTimestamp "
    "deletionGracePeriodSeconds selfLink managedFields:list"
)
_SHAPES: dict[str, str] = {
    "Metadata": _METADATA,
    "OwnerReference": "apiVersion:str kind:str name:str uid:str controller:bool blockOwnerDeletion:bool",
    "LabelSelector": "matchLabels:texts matchExpressions:[Expression]",
    "Expression": "key:str operator:str values:list",
    "Container": (
        "name:str image:str command:list args:list workingDir:str ports:[ContainerPort] envFrom:list env:[EnvVar] "
        "resources:Resources resizePolicy:list restartPolicy:str volumeMounts:[VolumeMount] volumeDevices:list "
        "livenessProbe:Probe readinessProbe:Probe startupProbe:Probe lifecycle:map terminationMessagePath:str "
        "terminationMessagePolicy:str imagePullPolicy:str securityContext:SecurityContext stdin:bool stdinOnce:bool "
        "tty:bool"
    ),
    "ContainerPort": "name:str hostPort:int containerPort:int protocol:str hostIP:str",
    "EnvVar": "name:str value:str valueFrom:map",
    "Resources": "limits:map requests:map claims:list",
    "VolumeMount": (
        "name:str readOnly:bool recursiveReadOnly:str mountPath:str subPath:str mountPropagation:str subPathExpr:str"
    ),
    "Probe": (
        "exec:map httpGet:map tcpSocket:map grpc:map initialDelaySeconds:int timeoutSeconds:int periodSeconds:int "
        "successThreshold:int failureThreshold:int terminationGracePeriodSeconds:int"
    ),
    "SecurityContext": (
        "capabilities:map privileged:bool seLinuxOptions:map windowsOptions:map runAsUser:int runAsGroup:int "
        "runAsNonRoot:bool readOnlyRootFilesystem:bool allowPrivilegeEscalation:bool procMount:str seccompProfile:map "
        "appArmorProfile:map"
    ),
    "PodSpec": (
        "volumes:[Volume] initContainers:[Container] containers:[Container] ephemeralContainers:list restartPolicy:str "
        "terminationGracePeriodSeconds:int activeDeadlineSeconds:int dnsPolicy:str nodeSelector:texts "
        "serviceAccountName:str serviceAccount:str automountServiceAccountToken:bool nodeName:str hostNetwork:bool "
        "hostPID:bool hostIPC:bool shareProcessNamespace:bool securityContext:map imagePullSecrets:[Named] "
        "hostname:str subdomain:str affinity:map schedulerName:str tolerations:[Toleration] hostAliases:[HostAlias] "
        "priorityClassName:str priority:int dnsConfig:map readinessGates:[Gate] runtimeClassName:str "
        "enableServiceLinks:bool preemptionPolicy:str overhead:map topologySpreadConstraints:[Spread] "
        "setHostnameAsFQDN:bool os:map hostUsers:bool schedulingGates:[Named] resourceClaims:list resources:Resources"
    ),
    "Volume": "name:str *",
    "Named": "name:str",
    "HostAlias": "ip:str hostnames:list",
    "Gate": "conditionType:str",
    "Spread": "topologyKey:str whenUnsatisfiable:str *",
    "Toleration": "key:str operator:str value:str effect:str tolerationSeconds:int",
    "PodTemplate": "metadata:Metadata spec:PodSpec",
    "JobSpec": (
        "parallelism:int completions:int activeDeadlineSeconds:int podFailurePolicy:map successPolicy:map "
        "backoffLimit:int backoffLimitPerIndex:int maxFailedIndexes:int selector:LabelSelector manualSelector:bool "
        "template:PodTemplate ttlSecondsAfterFinished:int completionMode:str suspend:bool podReplacementPolicy:str "
        "managedBy:str"
    ),
    "DeploymentSpec": (
        "replicas:int selector:LabelSelector template:PodTemplate strategy:Strategy minReadySeconds:int "
        "revisionHistoryLimit:int paused:bool progressDeadlineSeconds:int"
    ),
    "Strategy": "type:str rollingUpdate:RollingUpdate",
    "RollingUpdate": "maxUnavailable:intstr maxSurge:intstr",
    "ReplicaSetSpec": "replicas:int minReadySeconds:int selector:LabelSelector template:PodTemplate",
    "ServiceSpec": (
        "ports:[ServicePort] selector:texts clusterIP:str clusterIPs:list type:str externalIPs:list "
        "sessionAffinity:str loadBalancerIP:str loadBalancerSourceRanges:list externalName:str "
        "externalTrafficPolicy:str healthCheckNodePort:int publishNotReadyAddresses:bool "
        "sessionAffinityConfig:map ipFamilies:list ipFamilyPolicy:str allocateLoadBalancerNodePorts:bool "
        "loadBalancerClass:str internalTrafficPolicy:str "
        "trafficDistribution:str"
    ),
    "ServicePort": "name:str protocol:str appProtocol:str port:int targetPort:intstr nodePort:int",
    "NamespaceSpec": "finalizers:list",
    "Rule": "verbs:list apiGroups:list resources:list resourceNames:list nonResourceURLs:list",
    "Subject": "kind:str apiGroup:str name:str namespace:str",
    "RoleRef": "apiGroup:str kind:str name:str",
    "Webhook": (
        "name:str clientConfig:ClientConfig rules:[WebhookRule] failurePolicy:str matchPolicy:str "
        "namespaceSelector:LabelSelector objectSelector:LabelSelector sideEffects:str timeoutSeconds:int "
        "admissionReviewVersions:list reinvocationPolicy:str matchConditions:list"
    ),
    "ClientConfig": "url:str service:ServiceReference caBundle:str",
    "ServiceReference": "namespace:str name:str path:str port:int",
    "WebhookRule": "operations:list apiGroups:list apiVersions:list resources:list scope:str",
    "CrdSpec": "group:str names:CrdNames scope:str versions:[CrdVersion] conversion:map preserveUnknownFields:bool",
    "CrdNames": "plural:str singular:str shortNames:list kind:str listKind:str categories:list",
    "CrdVersion": (
        "name:str served:bool storage:bool deprecated:bool deprecationWarning:str schema:CrdSchema subresources:map "
        "additionalPrinterColumns:[CrdColumn] selectableFields:list"
    ),
    "CrdSchema": "openAPIV3Schema:map",
    "CrdColumn": "name:str type:str format:str description:str priority:int jsonPath:str",
    "JobSetSpec": "replicatedJobs:[ReplicatedJob] *",
    "ReplicatedJob": "name:str template:JobTemplate *",
    "JobTemplate": "metadata:Metadata spec:JobSpec",
}
_HEAD = "apiVersion:str kind:str metadata:Metadata "
_KINDS: dict[str, str] = {
    "Pod": _HEAD + "spec:PodSpec status:map",
    "Deployment": _HEAD + "spec:DeploymentSpec status:map",
    "ReplicaSet": _HEAD + "spec:ReplicaSetSpec status:map",
    "Job": _HEAD + "spec:JobSpec status:map",
    "Service": _HEAD + "spec:ServiceSpec status:map",
    "ServiceAccount": _HEAD + "secrets:list imagePullSecrets:[Named] automountServiceAccountToken:bool",
    "Namespace": _HEAD + "spec:NamespaceSpec status:map",
    "ConfigMap": _HEAD + "data:texts binaryData:texts immutable:bool",
    "Secret": _HEAD + "data:texts stringData:texts type:str immutable:bool",
    "Role": _HEAD + "rules:[Rule]",
    "ClusterRole": _HEAD + "rules:[Rule] aggregationRule:map",
    "RoleBinding": _HEAD + "subjects:[Subject] roleRef:RoleRef",
    "ClusterRoleBinding": _HEAD + "subjects:[Subject] roleRef:RoleRef",
    "MutatingWebhookConfiguration": _HEAD + "webhooks:[Webhook]",
    "ValidatingWebhookConfiguration": _HEAD + "webhooks:[Webhook]",
    "CustomResourceDefinition": _HEAD + "spec:CrdSpec status:map",
    "JobSet": _HEAD + "spec:JobSetSpec status:map",
}
_OTHER = "apiVersion:str kind:str metadata:Metadata spec:map status:map *"


@dataclass(frozen=True, slots=True)
class Breach:
    """A field of a wrong type: where, what it must be and what it is, in JSON's words."""

    path: str
    wanted: str
    found: str


def parse(shape: str) -> dict[str, str]:
    """Field names and what they hold, of a shape as written above."""
    return dict(word.partition(":")[::2] for word in shape.split())


_PARSED = {name: parse(shape) for name, shape in {**_SHAPES, **_KINDS, "": _OTHER}.items()}
_TYPES: dict[str, tuple[str, ...]] = {
    "str": ("string",),
    "int": ("integer",),
    "bool": ("boolean",),
    "map": ("object",),
    "texts": ("object",),
    "list": ("array",),
    "intstr": ("integer", "string"),
}


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    names = ((str, "string"), (int, "integer"), (float, "number"), (list, "array"), (dict, "object"))
    return next((name for kind, name in names if isinstance(value, kind)), "null")


def fields(shape: str, *, kind: bool = False) -> dict[str, str]:
    """The fields of a shape, {} for one that is not here; of a kind that is not listed, those every object has."""
    return _PARSED.get(shape, _PARSED[""] if kind else {})


def unknown(kind: str, obj: Json) -> Iterator[str]:
    """Paths of fields a kind does not have, e.g. `spec.template.spec.containers[0].imagee`."""
    if kind in _KINDS:
        yield from _unknown(kind, obj, "")


def _unknown(shape: str, value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        return
    known = _PARSED[shape]
    for name, item in value.items():
        here = f"{path}.{name}" if path else name
        inner = known.get(name)
        if inner is None:
            if "*" not in known:
                yield here
        elif inner.startswith("[") and isinstance(item, list):
            for index, each in enumerate(item):
                yield from _unknown(inner.strip("[]"), each, f"{here}[{index}]")
        elif inner in _PARSED and inner:
            yield from _unknown(inner, item, here)


def misshapen(kind: str, obj: Json) -> Breach | None:
    """The first field of a wrong type, or None. Kinds not listed are held to the head every object has."""
    return next(_misshapen(kind if kind in _KINDS else "", obj, ""), None)


def _misshapen(shape: str, value: Any, path: str) -> Iterator[Breach]:
    if not isinstance(value, dict):
        yield Breach(path, "object", _word(value))
        return
    for name, inner in _PARSED[shape].items():
        item = value.get(name)
        if not inner or item is None:
            continue
        here = f"{path}.{name}" if path else name
        if inner.startswith("["):
            if not isinstance(item, list):
                yield Breach(here, "array", _word(item))
                continue
            for index, each in enumerate(item):
                yield from _misshapen(inner.strip("[]"), each, f"{here}[{index}]")
        elif inner in _TYPES:
            yield from _mistyped(inner, item, here)
        else:
            yield from _misshapen(inner, item, here)


def _mistyped(wanted: str, value: Any, path: str) -> Iterator[Breach]:
    if _word(value) not in _TYPES[wanted]:
        yield Breach(path, _TYPES[wanted][0], _word(value))
    elif wanted == "texts":
        for name, item in value.items():
            if not isinstance(item, str):
                yield Breach(f"{path}.{name}", "string", _word(item))
