"""The plan as Terraform for the google provider, with the Kubernetes manifests beside it for kubectl."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from saxtui.catalog import tpus
from saxtui.engine.export import objects
from saxtui.engine.steps.cluster import SCOPE
from saxtui.model import term
from saxtui.model.deployment import Channel, RoleScope

if TYPE_CHECKING:
    from saxtui.engine.runs.manifests import Manifest
    from saxtui.model.deployment import Deployment
    from saxtui.model.plan import Plan

Argument = tuple[str, "str | Body"]
"""(name, HCL expression), or (name of a nested block, its arguments)."""
Body = Sequence[Argument]
Block = tuple[str, Body]


def files(plan: Plan, deployment: Deployment, manifest: Manifest) -> dict[str, str]:
    """main.tf, a README.md that says in which order they are applied, and manifests/*.yaml."""
    found = {"main.tf": main(plan, deployment), "README.md": _readme(plan, deployment)}
    for name, listed in objects.by_file(deployment, manifest).items():
        found[f"manifests/{name}"] = objects.text(listed)
    return found


def main(plan: Plan, deployment: Deployment) -> str:
    """The whole configuration."""
    said = "\n".join(f"# - {sentence}" for sentence in plan.consequences)
    head = f"# saxtui deployment {deployment.name}, plan {plan.digest[:16]}\n# What it leads to:\n{said}\n"
    blocks = [
        _terraform(),
        *([_until(deployment)] if deployment.ttl else []),
        ('provider "google"', [("project", _s(deployment.project)), ("region", _s(deployment.region))]),
        *([] if deployment.adopt_bucket else [_bucket(deployment)]),
        _account(deployment),
        *_roles(deployment),
        *([] if deployment.cluster.adopt else [_cluster(deployment)]),
        _pools(deployment),
        _output(deployment),
    ]
    return head + "\n" + "\n".join(_render(header, body) for header, body in blocks)


def _terraform() -> Block:
    google = '{ source = "hashicorp/google", version = ">= 6.0" }'
    return "terraform", [("required_version", '">= 1.5"'), ("required_providers", [("google", google)])]


def _until(deployment: Deployment) -> Block:
    """The end of the time to live, asked for at each apply: Terraform itself has no now that stays."""
    ends = f"date +%s, plus {int(term.seconds(deployment.ttl))} for {deployment.ttl}"
    said = f"End of the time to live in epoch seconds ({ends}): a label, nothing acts on it"
    return 'variable "until"', [("type", "string"), ("description", _s(said))]


def _bucket(deployment: Deployment) -> Block:
    return 'resource "google_storage_bucket" "sax"', [
        ("name", _s(deployment.bucket)),
        ("location", _s(deployment.region.upper())),
        ("uniform_bucket_level_access", "true"),
        ("public_access_prevention", _s("enforced")),
        ("labels", _map(deployment.labels)),
    ]


def _account(deployment: Deployment) -> Block:
    return 'resource "google_service_account" "sax"', [
        ("account_id", _s(deployment.identity.service_account)),
        ("display_name", _s(f"Saxml {deployment.name}")),
        ("description", _s(deployment.mark)),
    ]


def _roles(deployment: Deployment) -> list[Block]:
    member = ("member", '"serviceAccount:${google_service_account.sax.email}"')
    if deployment.identity.role_scope is RoleScope.PROJECT:
        storage: list[Block] = [
            (
                'resource "google_project_iam_member" "storage"',
                [("project", _s(deployment.project)), ("role", _s("roles/storage.admin")), member],
            )
        ]
    else:
        roles = '["roles/storage.objectAdmin", "roles/storage.legacyBucketReader"]'
        storage = [
            (
                'resource "google_storage_bucket_iam_member" "storage"',
                [
                    ("for_each", f"toset({roles})"),
                    ("bucket", _s(deployment.bucket) if deployment.adopt_bucket else "google_storage_bucket.sax.name"),
                    ("role", "each.value"),
                    member,
                ],
            )
        ]
    account = f"{deployment.workload_pool}[{deployment.namespace}/{deployment.identity.kubernetes_account}]"
    needs = [] if deployment.cluster.adopt else [("depends_on", "[google_container_cluster.sax]")]
    workload: Body = [
        ("service_account_id", "google_service_account.sax.name"),
        ("role", _s("roles/iam.workloadIdentityUser")),
        ("member", _s(f"serviceAccount:{account}")),
        *needs,
    ]
    return [*storage, ('resource "google_service_account_iam_member" "workload_identity"', workload)]


def _cluster(deployment: Deployment) -> Block:
    spec = deployment.cluster
    body: list[Argument] = [("name", _s(spec.name)), ("location", _s(deployment.region))]
    if not spec.every_zone:
        body.append(("node_locations", f"[{_s(deployment.zone)}]"))
    body.append(("initial_node_count", str(spec.cpu_nodes)))
    if spec.version:
        body.append(("min_master_version", _s(spec.version)))
    if spec.release_channel:
        name = "UNSPECIFIED" if spec.release_channel is Channel.NONE else spec.release_channel.upper()
        body.append(("release_channel", [("channel", _s(name))]))
    if spec.private_nodes:
        body += [("private_cluster_config", [("enable_private_nodes", "true")]), ("ip_allocation_policy", [])]
    body += [(name, _s(value)) for name, value in (("network", spec.network), ("subnetwork", spec.subnetwork)) if value]
    body += [
        ("resource_labels", _told(deployment)),
        ("deletion_protection", "false"),
        ("workload_identity_config", [("workload_pool", _s(deployment.workload_pool))]),
        ("node_config", _nodes(deployment, spec.cpu_machine_type)),
    ]
    return 'resource "google_container_cluster" "sax"', body


def _nodes(deployment: Deployment, machine_type: str) -> list[Argument]:
    return [
        ("machine_type", _s(machine_type)),
        ("oauth_scopes", f"[{_s(SCOPE)}]"),
        ("resource_labels", _told(deployment)),
        ("workload_metadata_config", [("mode", _s("GKE_METADATA"))]),
    ]


def _pools(deployment: Deployment) -> Block:
    slices, shape = deployment.slices, deployment.slices.shape
    nodes = _nodes(deployment, shape.machine_type)
    if slices.spot:
        nodes.append(("spot", "true"))
    if slices.flex_start:
        nodes.append(("flex_start", "true"))
    if slices.reservation:
        affinity: Body = [
            ("consume_reservation_type", _s("SPECIFIC_RESERVATION")),
            ("key", _s("compute.googleapis.com/reservation-name")),
            ("values", f"[{_s(slices.reservation)}]"),
        ]
        nodes.append(("reservation_affinity", affinity))
    elif slices.flex_start:
        nodes.append(("reservation_affinity", [("consume_reservation_type", _s("NO_RESERVATION"))]))
    cluster = _s(deployment.cluster.name) if deployment.cluster.adopt else "google_container_cluster.sax.name"
    body: list[Argument] = [
        ("for_each", f"toset([{', '.join(_s(pool) for pool in slices.pools)}])"),
        ("name", "each.value"),
        ("cluster", cluster),
        ("location", _s(deployment.region)),
        ("node_locations", f"[{_s(deployment.zone)}]"),
        ("initial_node_count" if slices.flex_start else "node_count", "0" if slices.flex_start else str(shape.hosts)),
    ]
    if slices.flex_start:
        body.append(("autoscaling", [("min_node_count", "0"), ("max_node_count", str(shape.hosts))]))
    body.append(("node_config", nodes))
    if deployment.cluster.private_nodes:
        body.append(("network_config", [("enable_private_nodes", "true")]))
    if shape.multi_host:
        policy: Body = [("type", _s("COMPACT")), ("tpu_topology", _s(shape.topology))]
        if shape.placement == tpus.WORKLOAD_POLICY:
            policy = [("policy_name", _s(slices.placement_policy)), ("tpu_topology", _s(shape.topology))]
        body.append(("placement_policy", policy))
    return 'resource "google_container_node_pool" "slices"', body


def _output(deployment: Deployment) -> Block:
    command = (
        f"gcloud container clusters get-credentials {deployment.cluster.name} --project={deployment.project} "
        f"--location={deployment.region}"
    )
    return 'output "credentials"', [("value", _s(command))]


def _readme(plan: Plan, deployment: Deployment) -> str:
    names = ("sax-service-account.yaml", "sax-admin-server.yaml", "sax-model-server-set.yaml", "sax-http.yaml")
    applied = "\n".join(f"kubectl apply --server-side -f manifests/{name}" for name in names)
    return f"""\
# {deployment.name}: Terraform and manifests

Plan {plan.digest[:16]} of project {deployment.project}. Terraform makes the bucket, the account and its roles, the
cluster and the node pools; kubectl applies the rest.

```
terraform init
terraform apply
gcloud container clusters get-credentials {deployment.cluster.name} --project={deployment.project} \\
  --location={deployment.region}
kubectl apply --server-side -f {objects.jobset_url(deployment)}
kubectl -n jobset-system wait --for=condition=Available --timeout=15m deployment/jobset-controller-manager
{applied}
```

To take it down: `kubectl delete -f manifests/`, then `terraform destroy`. Terraform refuses to delete a bucket that
still holds something.
"""


def _s(text: str) -> str:
    """An HCL string: JSON's quoting, with the two marks that begin a template doubled."""
    return json.dumps(text, ensure_ascii=False).replace("${", "$${").replace("%{", "%%{")


def _told(deployment: Deployment) -> str:
    """The labels of cluster and pools, with the end of the time to live."""
    return _map(deployment.labels, {term.LABEL: "var.until"} if deployment.ttl else {})


def _map(values: dict[str, str], expressions: Mapping[str, str] = MappingProxyType({})) -> str:
    written = {**{key: _s(value) for key, value in values.items()}, **expressions}
    width = max(len(_s(key)) for key in written)
    lines = [f"{_s(key):<{width}} = {value}" for key, value in written.items()]
    return "{\n" + "\n".join(lines) + "\n}"


def _render(header: str, body: Body, depth: int = 0) -> str:
    """A block as terraform fmt writes it: arguments of one line in columns, two blanks a level."""
    pad = "  " * (depth + 1)
    lines: list[str] = []
    for index, (name, value) in enumerate(body):
        if not isinstance(value, str):
            lines += (["", _render(f"{pad}{name}", value, depth + 1).rstrip("\n")] if lines else
                      [_render(f"{pad}{name}", value, depth + 1).rstrip("\n")])  # fmt: skip
        else:
            lines.append(f"{pad}{name:<{_width(body, index)}} = {_indented(value, pad)}")
    return f"{header} {{\n" + "\n".join(lines) + f"\n{'  ' * depth}}}\n"


def _indented(value: str, pad: str) -> str:
    first, *rest = value.split("\n")
    if not rest:
        return first
    inner = [pad + ("" if line == "}" else "  ") + line.strip() for line in rest]
    return "\n".join([first, *inner])


def _width(body: Body, index: int) -> int:
    """Columns of the names of the run of one-line arguments that this one stands in."""

    def single(at: int) -> bool:
        value = body[at][1]
        return isinstance(value, str) and "\n" not in value

    if not single(index):
        return len(body[index][0])
    first = last = index
    while first > 0 and single(first - 1):
        first -= 1
    while last + 1 < len(body) and single(last + 1):
        last += 1
    return max(len(body[at][0]) for at in range(first, last + 1))
