"""Field names of built-in kinds, for strict validation (fieldValidation=Strict), from the Kubernetes 1.32 reference.

A shape lists `name` (any value), `name:Shape` (an object) and `name:[Shape]` (a list of objects). Kinds and parts not
listed here accept every field.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from saxtui.emulator.kubernetes.objects import Json

_METADATA = (
    "name generateName namespace labels annotations finalizers ownerReferences:[OwnerReference] uid resourceVersion "
    "generation creationTimestamp deletionTimestamp deletionGracePeriodSeconds selfLink managedFields"
)
_SHAPES: dict[str, str] = {
    "Metadata": _METADATA,
    "OwnerReference": "apiVersion kind name uid controller blockOwnerDeletion",
    "LabelSelector": "matchLabels matchExpressions",
    "Container": (
        "name image command args workingDir ports:[ContainerPort] envFrom env:[EnvVar] resources:Resources "
        "resizePolicy restartPolicy volumeMounts:[VolumeMount] volumeDevices livenessProbe:Probe readinessProbe:Probe "
        "startupProbe:Probe lifecycle terminationMessagePath terminationMessagePolicy imagePullPolicy "
        "securityContext:SecurityContext stdin stdinOnce tty"
    ),
    "ContainerPort": "name hostPort containerPort protocol hostIP",
    "EnvVar": "name value valueFrom",
    "Resources": "limits requests claims",
    "VolumeMount": "name readOnly recursiveReadOnly mountPath subPath mountPropagation subPathExpr",
    "Probe": (
        "exec httpGet tcpSocket grpc initialDelaySeconds timeoutSeconds periodSeconds successThreshold "
        "failureThreshold terminationGracePeriodSeconds"
    ),
    "SecurityContext": (
        "capabilities privileged seLinuxOptions windowsOptions runAsUser runAsGroup runAsNonRoot "
        "readOnlyRootFilesystem allowPrivilegeEscalation procMount seccompProfile appArmorProfile"
    ),
    "PodSpec": (
        "volumes initContainers:[Container] containers:[Container] ephemeralContainers restartPolicy "
        "terminationGracePeriodSeconds activeDeadlineSeconds dnsPolicy nodeSelector serviceAccountName serviceAccount "
        "automountServiceAccountToken nodeName hostNetwork hostPID hostIPC shareProcessNamespace securityContext "
        "imagePullSecrets hostname subdomain affinity schedulerName tolerations:[Toleration] hostAliases "
        "priorityClassName priority dnsConfig readinessGates runtimeClassName enableServiceLinks preemptionPolicy "
        "overhead topologySpreadConstraints setHostnameAsFQDN os hostUsers schedulingGates resourceClaims resources"
    ),
    "Toleration": "key operator value effect tolerationSeconds",
    "PodTemplate": "metadata:Metadata spec:PodSpec",
    "JobSpec": (
        "parallelism completions activeDeadlineSeconds podFailurePolicy successPolicy backoffLimit "
        "backoffLimitPerIndex maxFailedIndexes selector:LabelSelector manualSelector template:PodTemplate "
        "ttlSecondsAfterFinished completionMode suspend podReplacementPolicy managedBy"
    ),
    "DeploymentSpec": (
        "replicas selector:LabelSelector template:PodTemplate strategy:Strategy minReadySeconds revisionHistoryLimit "
        "paused progressDeadlineSeconds"
    ),
    "Strategy": "type rollingUpdate:RollingUpdate",
    "RollingUpdate": "maxUnavailable maxSurge",
    "ReplicaSetSpec": "replicas minReadySeconds selector:LabelSelector template:PodTemplate",
    "ServiceSpec": (
        "ports:[ServicePort] selector clusterIP clusterIPs type externalIPs sessionAffinity loadBalancerIP "
        "loadBalancerSourceRanges externalName externalTrafficPolicy healthCheckNodePort publishNotReadyAddresses "
        "sessionAffinityConfig ipFamilies ipFamilyPolicy allocateLoadBalancerNodePorts loadBalancerClass "
        "internalTrafficPolicy trafficDistribution"
    ),
    "ServicePort": "name protocol appProtocol port targetPort nodePort",
    "NamespaceSpec": "finalizers",
    "Rule": "verbs apiGroups resources resourceNames nonResourceURLs",
    "Subject": "kind apiGroup name namespace",
    "RoleRef": "apiGroup kind name",
    "Webhook": (
        "name clientConfig rules failurePolicy matchPolicy namespaceSelector objectSelector sideEffects timeoutSeconds "
        "admissionReviewVersions reinvocationPolicy matchConditions"
    ),
    "CrdSpec": "group names scope versions conversion preserveUnknownFields",
}
_HEAD = "apiVersion kind metadata:Metadata "
_KINDS: dict[str, str] = {
    "Pod": _HEAD + "spec:PodSpec status",
    "Deployment": _HEAD + "spec:DeploymentSpec status",
    "ReplicaSet": _HEAD + "spec:ReplicaSetSpec status",
    "Job": _HEAD + "spec:JobSpec status",
    "Service": _HEAD + "spec:ServiceSpec status",
    "ServiceAccount": _HEAD + "secrets imagePullSecrets automountServiceAccountToken",
    "Namespace": _HEAD + "spec:NamespaceSpec status",
    "ConfigMap": _HEAD + "data binaryData immutable",
    "Secret": _HEAD + "data stringData type immutable",
    "Role": _HEAD + "rules:[Rule]",
    "ClusterRole": _HEAD + "rules:[Rule] aggregationRule",
    "RoleBinding": _HEAD + "subjects:[Subject] roleRef:RoleRef",
    "ClusterRoleBinding": _HEAD + "subjects:[Subject] roleRef:RoleRef",
    "MutatingWebhookConfiguration": _HEAD + "webhooks:[Webhook]",
    "ValidatingWebhookConfiguration": _HEAD + "webhooks:[Webhook]",
    "CustomResourceDefinition": _HEAD + "spec:CrdSpec status",
}


def _parse(shape: str) -> dict[str, tuple[str, bool]]:
    out = {}
    for word in shape.split():
        name, _, inner = word.partition(":")
        out[name] = (inner.strip("[]"), inner.startswith("["))
    return out


_PARSED = {name: _parse(shape) for name, shape in {**_SHAPES, **_KINDS}.items()}


def unknown(kind: str, obj: Json) -> Iterator[str]:
    """Paths of fields a built-in kind does not have, e.g. `spec.template.spec.containers[0].imagee`."""
    if kind in _KINDS:
        yield from _unknown(kind, obj, "")


def _unknown(shape: str, value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        return
    known = _PARSED[shape]
    for name, item in value.items():
        here = f"{path}.{name}" if path else name
        if name not in known:
            yield here
            continue
        inner, repeated = known[name]
        if inner and repeated and isinstance(item, list):
            for index, each in enumerate(item):
                yield from _unknown(inner, each, f"{here}[{index}]")
        elif inner:
            yield from _unknown(inner, item, here)


def misshapen(kind: str, obj: Json) -> str | None:
    """The first field that must be an object or a list and is not, or None."""
    return next(_misshapen(kind, obj, ""), None) if kind in _KINDS else None


def _misshapen(shape: str, value: Any, path: str) -> Iterator[str]:
    for name, (inner, repeated) in _PARSED[shape].items():
        item = value.get(name)
        if not inner or item is None:
            continue
        here = f"{path}.{name}" if path else name
        if not isinstance(item, list if repeated else dict):
            yield here
            continue
        for index, each in enumerate(item if repeated else [item]):
            place = f"{here}[{index}]" if repeated else here
            if isinstance(each, dict):
                yield from _misshapen(inner, each, place)
            else:
                yield place
