"""What the API server refuses with 422, per kind: names, required fields, selectors, immutable fields."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from saxtui.emulator.kubernetes.kinds import KindInfo
from saxtui.emulator.kubernetes.objects import Json, labels_of, meta, terminating
from saxtui.emulator.kubernetes.status import Cause, bad_value, not_supported, required

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_ALPHABET = "must consist of lower case alphanumeric characters"
SUBDOMAIN_RULE = (
    f"a lowercase RFC 1123 subdomain {_ALPHABET}, '-' or '.', and must start and end with an alphanumeric character "
    "(e.g. 'example.com', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
LABEL_RULE = (
    f"a lowercase RFC 1123 label {_ALPHABET} or '-', and must start and end with an alphanumeric character "
    "(e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
DNS1035_RULE = (
    f"a DNS-1035 label {_ALPHABET} or '-', start with an alphabetic character, and end with an alphanumeric character "
    "(e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"
)
VALUE_RULE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)
_VALUE = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?")
_QUANTITY = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)(([KMGTPE]i)|[numkMGTPE]|([eE][+-]?[0-9]+))?")
QUANTITY_RULE = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
_RBAC = ("ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding")
_RESTARTS = ("Always", "Never", "OnFailure")
_SERVICE_TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_POD_UPDATE = (
    "Forbidden: pod updates may not change fields other than `spec.containers[*].image`,"
    "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing "
    "tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)


def _name_rule(kind: str) -> tuple[str, str, int]:
    if kind == "Namespace":
        return _LABEL, LABEL_RULE, 63
    if kind == "Service":
        return "[a-z]([-a-z0-9]*[a-z0-9])?", DNS1035_RULE, 63
    return _SUBDOMAIN, SUBDOMAIN_RULE, 253


def _label_rule(name: str, field: str) -> list[Cause]:
    if re.fullmatch(_LABEL, name) and len(name) <= 63:
        return []
    return [bad_value(field, name, LABEL_RULE)]


def metadata_causes(info: KindInfo, obj: Json) -> list[Cause]:
    """Name and labels."""
    metadata = meta(obj)
    name = str(metadata.get("name") or "")
    out: list[Cause] = []
    if not name:
        out.append(required("metadata.name", "name or generateName is required"))
    elif info.kind in _RBAC:
        if "/" in name or "%" in name:
            out.append(bad_value("metadata.name", name, "may not contain '/'"))
    else:
        pattern, rule, longest = _name_rule(info.kind)
        if not re.fullmatch(pattern, name):
            out.append(bad_value("metadata.name", name, rule))
        if len(name) > longest:
            out.append(bad_value("metadata.name", name, f"must be no more than {longest} characters"))
    for value in labels_of(obj).values():
        if not _VALUE.fullmatch(str(value)):
            out.append(bad_value("metadata.labels", value, VALUE_RULE))
        if len(str(value)) > 63:
            out.append(bad_value("metadata.labels", value, "must be no more than 63 characters"))
    return out


def _quantities(amounts: Json, path: str) -> Iterable[Cause]:
    for name, value in amounts.items():
        if not _QUANTITY.fullmatch(str(value)):
            yield bad_value(f"{path}.{name}", value, QUANTITY_RULE)


def _container_causes(container: Json, path: str) -> list[Cause]:
    out: list[Cause] = []
    name = str(container.get("name") or "")
    out += _label_rule(name, f"{path}.name") if name else [required(f"{path}.name")]
    if not container.get("image"):
        out.append(required(f"{path}.image"))
    resources = container.get("resources") or {}
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    out += _quantities(limits, f"{path}.resources.limits")
    out += _quantities(requests, f"{path}.resources.requests")
    for resource in sorted(set(limits) | set(requests)):
        native = "/" not in resource or resource.split("/")[0].endswith("kubernetes.io")
        if native:
            continue
        if resource not in limits:
            out.append(required(f"{path}.resources.limits", "Limit must be set for non overcommitable resources"))
        elif requests.get(resource) != limits[resource]:
            why = f"must be equal to {resource} limit of {limits[resource]}"
            out.append(bad_value(f"{path}.resources.requests", str(requests.get(resource)), why))
    for index, port in enumerate(container.get("ports") or []):
        number = port.get("containerPort")
        if not number:
            out.append(required(f"{path}.ports[{index}].containerPort"))
        elif not 0 < int(number) < 65536:
            out.append(
                bad_value(f"{path}.ports[{index}].containerPort", number, "must be between 1 and 65535, inclusive")
            )
    return out


def pod_spec_causes(spec: Json, path: str) -> list[Cause]:
    """A pod's spec or a template's."""
    out: list[Cause] = []
    containers = spec.get("containers") or []
    if not containers:
        out.append(required(f"{path}.containers"))
    seen: set[str] = set()
    for field in ("containers", "initContainers"):
        for index, container in enumerate(spec.get(field) or []):
            here = f"{path}.{field}[{index}]"
            out += _container_causes(container, here)
            name = str(container.get("name") or "")
            if name in seen:
                out.append(Cause(f"{here}.name", f'Duplicate value: "{name}"', "FieldValueDuplicate"))
            seen.add(name)
    if spec.get("restartPolicy") not in _RESTARTS:
        out.append(not_supported(f"{path}.restartPolicy", str(spec.get("restartPolicy")), _RESTARTS))
    return out


def _pod(obj: Json) -> list[Cause]:
    return pod_spec_causes(obj["spec"], "spec")


def _selector(obj: Json) -> list[Cause]:
    spec = obj["spec"]
    labels = meta(spec["template"]).get("labels") or {}
    matched = (spec.get("selector") or {}).get("matchLabels") or {}
    if not spec.get("selector"):
        return [required("spec.selector")]
    if not matched and not spec["selector"].get("matchExpressions"):
        return [bad_value("spec.selector", "{}", "empty selector is invalid for deployment")]
    if not matched.items() <= labels.items():
        shown = "{" + ", ".join(f'"{key}":"{value}"' for key, value in sorted(labels.items())) + "}"
        why = "`selector` does not match template `labels`"
        return [Cause("spec.template.metadata.labels", f"Invalid value: map[string]string{shown}: {why}")]
    return []


def _workload(obj: Json) -> list[Cause]:
    out = _selector(obj)
    replicas = obj["spec"].get("replicas")
    if isinstance(replicas, int) and replicas < 0:
        out.append(bad_value("spec.replicas", replicas, "must be greater than or equal to 0"))
    out += pod_spec_causes(obj["spec"]["template"]["spec"], "spec.template.spec")
    policy = obj["spec"]["template"]["spec"].get("restartPolicy")
    if policy in ("Never", "OnFailure"):
        out.append(not_supported("spec.template.spec.restartPolicy", policy, ("Always",)))
    return out


def _job(obj: Json) -> list[Cause]:
    spec = obj["spec"]
    out: list[Cause] = []
    for field in ("parallelism", "completions", "backoffLimit"):
        value = spec.get(field)
        if isinstance(value, int) and value < 0:
            out.append(bad_value(f"spec.{field}", value, "must be greater than or equal to 0"))
    if spec.get("completionMode") == "Indexed" and spec.get("completions") is None:
        out.append(required("spec.completions", "when completion mode is Indexed"))
    out += pod_spec_causes(spec["template"]["spec"], "spec.template.spec")
    if spec["template"]["spec"].get("restartPolicy") == "Always":
        out.append(required("spec.template.spec.restartPolicy", 'valid values: "OnFailure", "Never"'))
    return out


def _service(obj: Json) -> list[Cause]:
    spec = obj["spec"]
    ports = spec.get("ports") or []
    out: list[Cause] = []
    if spec["type"] not in _SERVICE_TYPES:
        out.append(not_supported("spec.type", spec["type"], _SERVICE_TYPES))
    if not ports and spec.get("clusterIP") != "None" and spec["type"] != "ExternalName":
        out.append(required("spec.ports"))
    for index, port in enumerate(ports):
        number = port.get("port")
        if not isinstance(number, int) or not 0 < number < 65536:
            out.append(bad_value(f"spec.ports[{index}].port", number or 0, "must be between 1 and 65535, inclusive"))
        if len(ports) > 1 and not port.get("name"):
            out.append(required(f"spec.ports[{index}].name"))
    return out


def job_set_causes(obj: Json) -> list[Cause]:
    """What JobSet's validating webhook and schema refuse, beyond the schema's types."""
    out: list[Cause] = []
    name = str(meta(obj).get("name") or "")
    seen: set[str] = set()
    for index, replicated in enumerate((obj.get("spec") or {}).get("replicatedJobs") or []):
        path = f"spec.replicatedJobs[{index}]"
        child = str(replicated.get("name") or "")
        if child in seen:
            out.append(Cause(path, f'Duplicate value: {{"name":"{child}"}}', "FieldValueDuplicate"))
        seen.add(child)
        job = (replicated.get("template") or {}).get("spec") or {}
        last = f"{name}-{child}-{max(int(replicated.get('replicas') or 1) - 1, 0)}"
        pod = f"{last}-{max(int(job.get('completions') or 1) - 1, 0)}-abcde"
        if len(pod) > 63:
            why = "the names of its pods would be longer than 63 characters"
            out.append(bad_value("metadata.name", name, f"{why} ({pod})"))
        out += pod_spec_causes((job.get("template") or {}).get("spec") or {}, f"{path}.template.spec.template.spec")
    return out


_BY_KIND: dict[str, Callable[[Json], list[Cause]]] = {
    "Pod": _pod,
    "Deployment": _workload,
    "ReplicaSet": _workload,
    "Job": _job,
    "Service": _service,
}


def on_create(info: KindInfo, obj: Json) -> list[Cause]:
    """Every cause to refuse a new object that has its defaults."""
    check = _BY_KIND.get(info.kind)
    return metadata_causes(info, obj) + (check(obj) if check else [])


def _immutable(new: Json, old: Json, fields: Iterable[tuple[str, str]]) -> list[Cause]:
    out = []
    for field, shown in fields:
        if (new.get("spec") or {}).get(field) != (old.get("spec") or {}).get(field):
            out.append(Cause(f"spec.{field}", f"Invalid value: {shown}: field is immutable"))
    return out


def _free_pod_spec(spec: Json) -> Json:
    free = ("activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds", "nodeName", "schedulingGates")
    out = {key: value for key, value in spec.items() if key not in free}
    for field in ("containers", "initContainers"):
        out[field] = [{**container, "image": ""} for container in spec.get(field) or []]
    return out


_JOB_FIELDS = (
    ("completionMode", "v1.CompletionMode{...}"),
    ("selector", "v1.LabelSelector{...}"),
    ("template", "core.PodTemplateSpec{...}"),
)


def _job_update(new: Json, old: Json) -> list[Cause]:
    fields = list(_JOB_FIELDS)
    if old["spec"].get("suspend"):
        fields.remove(_JOB_FIELDS[2])  # scheduling directives of a suspended Job's template may change
    if new["spec"].get("completionMode") != "Indexed":
        fields.append(("completions", str(new["spec"].get("completions"))))
    return _immutable(new, old, fields)


def _service_update(new: Json, old: Json) -> list[Cause]:
    before, after = old["spec"].get("clusterIP"), new["spec"].get("clusterIP")
    if before and before != after and new["spec"].get("type") != "ExternalName":
        return [Cause("spec.clusterIPs[0]", f'Invalid value: []string{{"{after}"}}: may not change once set')]
    return []


def on_update(info: KindInfo, new: Json, old: Json) -> list[Cause]:
    """Every cause to refuse a change."""
    out = on_create(info, new)
    if info.kind == "Pod" and _free_pod_spec(new["spec"]) != _free_pod_spec(old["spec"]):
        out.append(Cause("spec", _POD_UPDATE, "FieldValueForbidden"))
    elif info.kind in ("Deployment", "ReplicaSet"):
        out += _immutable(new, old, [("selector", "v1.LabelSelector{...}")])
    elif info.kind == "Job":
        out += _job_update(new, old)
    elif info.kind == "Service":
        out += _service_update(new, old)
    elif info.kind in ("RoleBinding", "ClusterRoleBinding") and new.get("roleRef") != old.get("roleRef"):
        out.append(Cause("roleRef", "Invalid value: rbac.RoleRef{...}: cannot change roleRef"))
    fresh = set(meta(new).get("finalizers") or []) - set(meta(old).get("finalizers") or [])
    if terminating(old) and fresh:
        names = ", ".join(f'"{name}"' for name in sorted(fresh))
        why = "no new finalizers can be added if the object is being deleted, found new finalizers"
        out.append(Cause("metadata.finalizers", f"Forbidden: {why} []string{{{names}}}", "FieldValueForbidden"))
    return out


def job_set_update(new: Json, old: Json) -> list[Cause]:
    """JobSet's immutable fields (a suspended JobSet may change its pods' placement; that is not allowed here)."""
    out = _immutable(new, old, [("replicatedJobs", "...")])
    for field in ("network", "successPolicy", "failurePolicy", "startupPolicy"):
        if new["spec"].get(field) != old["spec"].get(field):
            out.append(Cause(f"spec.{field}", 'Invalid value: "object": Value is immutable'))
    return out
