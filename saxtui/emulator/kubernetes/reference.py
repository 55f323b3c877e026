"""What `kubectl explain` says of the built-in kinds: names of types, statuses, required fields and short descriptions.

Field lists for specs are those of `knownfields`; this adds what validation has no use for.
"""

from __future__ import annotations

TYPE_NAMES = {
    "Metadata": "ObjectMeta",
    "Resources": "ResourceRequirements",
    "PodTemplate": "PodTemplateSpec",
    "Named": "LocalObjectReference",
    "Strategy": "DeploymentStrategy",
    "RollingUpdate": "RollingUpdateDeployment",
    "Gate": "PodReadinessGate",
    "Expression": "LabelSelectorRequirement",
    "Spread": "TopologySpreadConstraint",
    "Rule": "PolicyRule",
}
"""Shape of knownfields → the type's name in the API reference, where they differ."""

STATUSES: dict[str, str] = {
    "PodStatus": (
        "phase:str conditions:[Condition] message:str reason:str hostIP:str hostIPs:list podIP:str podIPs:list "
        "startTime:time initContainerStatuses:[ContainerStatus] containerStatuses:[ContainerStatus] qosClass:str "
        "nominatedNodeName:str"
    ),
    "ContainerStatus": (
        "name:str state:ContainerState lastState:ContainerState ready:bool restartCount:int image:str imageID:str "
        "containerID:str started:bool"
    ),
    "ContainerState": (
        "waiting:ContainerStateWaiting running:ContainerStateRunning terminated:ContainerStateTerminated"
    ),
    "ContainerStateWaiting": "reason:str message:str",
    "ContainerStateRunning": "startedAt:time",
    "ContainerStateTerminated": (
        "exitCode:int signal:int reason:str message:str startedAt:time finishedAt:time containerID:str"
    ),
    "Condition": "type:str status:str reason:str message:str lastTransitionTime:time lastProbeTime:time",
    "DeploymentStatus": (
        "observedGeneration:int replicas:int updatedReplicas:int readyReplicas:int availableReplicas:int "
        "unavailableReplicas:int conditions:[Condition] collisionCount:int"
    ),
    "ReplicaSetStatus": (
        "replicas:int fullyLabeledReplicas:int readyReplicas:int availableReplicas:int observedGeneration:int "
        "conditions:[Condition]"
    ),
    "JobStatus": (
        "conditions:[Condition] startTime:time completionTime:time active:int ready:int succeeded:int failed:int "
        "terminating:int completedIndexes:str failedIndexes:str uncountedTerminatedPods:map"
    ),
    "ServiceStatus": "loadBalancer:LoadBalancerStatus conditions:[Condition]",
    "LoadBalancerStatus": "ingress:[LoadBalancerIngress]",
    "LoadBalancerIngress": "ip:str hostname:str ipMode:str ports:list",
    "NamespaceStatus": "phase:str conditions:[Condition]",
    "NodeSpec": "podCIDR:str podCIDRs:list providerID:str unschedulable:bool taints:[Taint]",
    "Taint": "key:str value:str effect:str timeAdded:time",
    "NodeStatus": (
        "capacity:map allocatable:map conditions:[Condition] addresses:[NodeAddress] nodeInfo:map images:list"
    ),
    "NodeAddress": "type:str address:str",
}
"""Shapes that only `explain` needs."""

BODIES: dict[str, dict[str, str]] = {
    "Pod": {"status": "PodStatus"},
    "Deployment": {"status": "DeploymentStatus"},
    "ReplicaSet": {"status": "ReplicaSetStatus"},
    "Job": {"status": "JobStatus"},
    "Service": {"status": "ServiceStatus"},
    "Namespace": {"status": "NamespaceStatus"},
    "Node": {"spec": "NodeSpec", "status": "NodeStatus"},
}
"""Fields of a kind whose shape is one of STATUSES."""

REQUIRED: dict[str, tuple[str, ...]] = {
    "PodSpec": ("containers",),
    "Container": ("name",),
    "ContainerPort": ("containerPort",),
    "EnvVar": ("name",),
    "VolumeMount": ("mountPath", "name"),
    "Volume": ("name",),
    "JobSpec": ("template",),
    "DeploymentSpec": ("selector", "template"),
    "ReplicaSetSpec": ("selector",),
    "ServicePort": ("port",),
    "Condition": ("type", "status"),
    "OwnerReference": ("apiVersion", "kind", "name", "uid"),
    "Expression": ("key", "operator"),
}

KINDS: dict[str, str] = {
    "Pod": "Pod is a set of containers that run together on one node and share its network address.",
    "Deployment": "Deployment keeps a number of identical pods running and replaces them step by step.",
    "ReplicaSet": "ReplicaSet keeps a number of identical pods running.",
    "Job": "Job runs pods until a number of them have ended well.",
    "Service": "Service gives a set of pods one address and one name.",
    "ServiceAccount": "ServiceAccount is the identity that pods act under.",
    "Namespace": "Namespace is a scope for names.",
    "Node": "Node is a machine of the cluster.",
    "ConfigMap": "ConfigMap holds configuration for pods to read.",
    "Secret": "Secret holds data that not everybody should see.",
    "Event": "Event is a report of something that happened to an object.",
}

_META = {
    "name": "Unique within a namespace for objects of one kind; cannot be changed.",
    "generateName": "A prefix that the server makes a unique name from when name is left out.",
    "namespace": "The space within which the name is unique; cannot be changed.",
    "labels": "Keys and values by which objects are selected.",
    "annotations": "Keys and values that tools keep with an object; not for selecting.",
    "finalizers": "What must be taken off this list before the object goes.",
    "ownerReferences": "Objects this one depends on; when all are gone the garbage collector deletes it.",
    "uid": "Unique in time and space; set by the server.",
    "resourceVersion": "Changes with every change of the object; opaque.",
    "generation": "Counts changes of the desired state.",
    "creationTimestamp": "When the object was made; set by the server.",
    "deletionTimestamp": "When the object will be gone; set by the server once deletion is asked for.",
    "managedFields": "Which manager owns which field.",
}
WORDS: dict[str, dict[str, str]] = {
    "": {
        "apiVersion": "The version of the API that this object is written in.",
        "kind": "What this object is.",
        "metadata": "Standard object metadata.",
        "spec": "The desired state.",
        "status": "The state last observed; written by the system.",
    },
    "Metadata": _META,
    "PodSpec": {
        "containers": "The containers of the pod: at least one. Cannot be added to or removed from afterwards.",
        "initContainers": "Containers that run one after another before the others start.",
        "restartPolicy": "What happens when a container ends: Always, OnFailure or Never. Default: Always.",
        "terminationGracePeriodSeconds": "Seconds between the request to stop and the kill. Default: 30.",
        "activeDeadlineSeconds": "Seconds on its node after which the pod is marked failed.",
        "dnsPolicy": "ClusterFirst (the default), ClusterFirstWithHostNet, Default or None.",
        "nodeSelector": "Labels that a node must have for the pod to be put there.",
        "serviceAccountName": "The service account that the pod acts under.",
        "nodeName": "The node that the pod is on; set by the scheduler.",
        "hostNetwork": "Use the node's network instead of an own address. Default: false.",
        "hostname": "The host name inside the pod; default: the pod's name.",
        "subdomain": "With a headless Service of this name the pod gets a DNS name of its own.",
        "affinity": "Rules about which nodes the pod may or should be put on.",
        "tolerations": "Taints of nodes that the pod puts up with.",
        "volumes": "Volumes that containers can mount.",
        "securityContext": "Security settings for all containers of the pod.",
        "schedulerName": "The scheduler that places the pod.",
        "priorityClassName": "How important the pod is next to others.",
    },
    "Container": {
        "name": "A DNS label, unique within the pod. Cannot be changed.",
        "image": "The container image's name.",
        "imagePullPolicy": "Always, Never or IfNotPresent. Default: Always for the tag latest, else IfNotPresent.",
        "command": "The program to run instead of the image's entry point; not run in a shell.",
        "args": "The program's arguments instead of those of the image.",
        "env": "Environment variables to set.",
        "envFrom": "Sources of whole sets of environment variables.",
        "ports": "Ports that the container listens on; informational.",
        "resources": "What the container needs and what it may use at most.",
        "volumeMounts": "Volumes to mount into the file system.",
        "securityContext": "Security settings of this container.",
        "livenessProbe": "A check; the container is restarted when it fails.",
        "readinessProbe": "A check; the pod gets no traffic from Services while it fails.",
        "startupProbe": "A check that must succeed before the other probes begin.",
        "workingDir": "The directory the program starts in.",
    },
    "ContainerPort": {
        "containerPort": "The port's number in the pod: 1 to 65535.",
        "name": "A name that Services can refer to.",
        "protocol": "TCP (the default), UDP or SCTP.",
        "hostPort": "A port of the node to expose it on.",
    },
    "EnvVar": {
        "name": "The variable's name.",
        "value": 'Its value; $(NAME) stands for another variable. Default: "".',
        "valueFrom": "Where the value comes from, when value is not given.",
    },
    "Resources": {
        "limits": "The most of each resource that may be used, such as google.com/tpu.",
        "requests": "The least of each resource that is needed; default: the limits.",
    },
    "SecurityContext": {
        "privileged": "Whether the container has the rights of root on the node. Default: false.",
        "runAsUser": "The user id that the program runs as.",
    },
    "PodTemplate": {"metadata": "Metadata of the pods made.", "spec": "The desired state of the pods made."},
    "JobSpec": {
        "parallelism": "How many pods run at a time at most. Default: 1.",
        "completions": "How many pods must end well.",
        "backoffLimit": "Failures before the Job is given up. Default: 6.",
        "completionMode": "NonIndexed (the default) or Indexed: each pod gets a number from 0 to completions-1.",
        "activeDeadlineSeconds": "Seconds the Job may be active before the system ends it.",
        "ttlSecondsAfterFinished": "Seconds after its end at which the Job may be deleted.",
        "selector": "Which pods belong to the Job; made by the system.",
        "suspend": "Whether the Job controller should make no pods. Default: false.",
        "template": "The pod to make.",
        "podFailurePolicy": "What to do about failed pods, by exit code or condition.",
    },
    "DeploymentSpec": {
        "replicas": "How many pods are wanted. Default: 1.",
        "selector": "Which pods belong to it; must match the template's labels. Cannot be changed.",
        "template": "The pod to make.",
        "strategy": "How old pods are replaced by new ones.",
        "minReadySeconds": "Seconds a new pod must be ready to count as available. Default: 0.",
        "revisionHistoryLimit": "How many old ReplicaSets are kept to roll back to. Default: 10.",
        "paused": "Whether changes are held back.",
        "progressDeadlineSeconds": "Seconds without progress after which a rollout has failed. Default: 600.",
    },
    "Strategy": {
        "type": "Recreate or RollingUpdate (the default).",
        "rollingUpdate": "Parameters of RollingUpdate.",
    },
    "ServiceSpec": {
        "type": "ClusterIP (the default), NodePort, LoadBalancer or ExternalName.",
        "selector": "Labels of the pods that get the traffic.",
        "ports": "The ports that the Service exposes.",
        "clusterIP": "The Service's address; None for a headless Service.",
        "externalTrafficPolicy": "Cluster or Local: whether traffic from outside may go by way of other nodes.",
        "loadBalancerSourceRanges": "The networks that may reach the load balancer.",
        "publishNotReadyAddresses": "Whether pods that are not ready get DNS names too.",
    },
    "ServicePort": {
        "port": "The port of the Service.",
        "targetPort": "The port of the pods, by number or name. Default: port.",
        "name": "A name; needed when there is more than one port.",
        "protocol": "TCP (the default), UDP or SCTP.",
        "nodePort": "The port on every node, for NodePort and LoadBalancer.",
    },
    "PodStatus": {
        "phase": "Pending, Running, Succeeded, Failed or Unknown.",
        "conditions": "PodScheduled, Initialized, ContainersReady, Ready and others.",
        "containerStatuses": "One entry a container.",
        "podIP": "The pod's address.",
        "hostIP": "The address of its node.",
    },
    "ContainerStatus": {
        "ready": "Whether the readiness probe passes.",
        "restartCount": "How often it was restarted.",
        "state": "What it does now.",
        "lastState": "How its run before this one ended.",
    },
    "JobStatus": {
        "active": "Pods that run or wait to run.",
        "succeeded": "Pods that ended well.",
        "failed": "Pods that ended badly.",
        "conditions": "Complete, Failed, Suspended, FailureTarget and SuccessCriteriaMet.",
    },
}
