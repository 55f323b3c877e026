"""The plan as a bash script of gcloud, kubectl and curl that can be run again: what is there is left as it is."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING

from saxtui.engine.export import objects
from saxtui.engine.runs import manifests
from saxtui.engine.steps import catalog
from saxtui.engine.steps.node_pool import PREFIX as POOL
from saxtui.model import term
from saxtui.model.deployment import Exposure, RoleScope

if TYPE_CHECKING:
    from saxtui.engine.protocol.step import Step
    from saxtui.engine.runs.manifests import Manifest
    from saxtui.model.deployment import Deployment
    from saxtui.model.plan import Plan

_MARK = 1.0
"""Stands for the end of the time to live in a step's command until the script knows it."""
_HELPERS = r"""
say() { printf '== %s\n' "$*" >&2; }
there() { "$@" >/dev/null 2>&1; }
k() { kubectl --context="$CONTEXT" "$@"; }
apply() { k apply --server-side --field-manager=saxtui --force-conflicts -f -; }

# await WHAT SECONDS COMMAND...: run the command until it succeeds.
await() {
  local what=$1 limit=$2 began=$SECONDS
  shift 2
  until "$@" >/dev/null 2>&1; do
    if (( SECONDS - began > limit )); then
      echo "gave up after ${limit} s: ${what}" >&2
      return 1
    fi
    sleep 2
  done
}
"""
_SERVER = r"""
# The HTTP server's Service through the Kubernetes API server: sets BASE.
reach() {
  local said
  said=$(mktemp)
  kubectl --context="$CONTEXT" proxy --port=0 >"$said" 2>&1 &
  PROXY=$!
  trap 'kill "$PROXY" 2>/dev/null || true' EXIT
  await "kubectl proxy" 60 grep -q '127.0.0.1:' "$said"
  BASE="http://$(grep -o '127.0.0.1:[0-9]*' "$said")/api/v1/namespaces/${SPACE}/services/@SERVICE@:@PORT@/proxy"
  rm -f "$said"
}
ask() { curl --fail --silent --show-error --max-time 600 --header 'Content-type: application/json' "$@"; }
answers() { ask "${BASE}/"; }
"""


def files(plan: Plan, deployment: Deployment, manifest: Manifest) -> dict[str, str]:
    """One script, named after the deployment."""
    return {f"{deployment.name}.sh": script(plan, deployment, manifest)}


def script(plan: Plan, deployment: Deployment, manifest: Manifest) -> str:
    """The script: `up` (the default), `publish`, `generate PROMPT` and `down`."""
    steps = catalog.build(deployment, manifest, until=_MARK if deployment.ttl else None)
    server = _SERVER.replace("@SERVICE@", manifests.SERVICE).replace("@PORT@", str(manifests.HTTP_PORT))
    parts = [
        _head(plan, deployment),
        _HELPERS.strip("\n"),
        server.strip("\n"),
        _cloud(deployment, steps),
        _pools(deployment, steps),
        _jobset(deployment),
        _servers(deployment, manifest),
        _up(deployment),
        _use(deployment),
        _down(deployment),
        _MAIN,
    ]
    return "\n\n".join(parts)


_MAIN = """\
case "${1:-up}" in
  up) up ;;
  publish) publish ;;
  generate) generate "${2:?a prompt}" ;;
  down) down ;;
  *) echo "usage: $0 [up|publish|generate PROMPT|down]" >&2; exit 2 ;;
esac
"""


def _head(plan: Plan, deployment: Deployment) -> str:
    warnings = "\n".join(f"# - {sentence}" for sentence in plan.consequences)
    return f"""\
#!/usr/bin/env bash
# saxtui deployment {deployment.name}, plan {plan.digest[:16]}
#
# bash {deployment.name}.sh [up|publish|generate PROMPT|down]
# It needs gcloud, kubectl with gke-gcloud-auth-plugin, and curl.
# What it leads to:
{warnings}
set -euo pipefail
export CLOUDSDK_CORE_DISABLE_PROMPTS=1 USE_GKE_GCLOUD_AUTH_PLUGIN=True

PROJECT={_q(deployment.project)}
REGION={_q(deployment.region)}
CLUSTER={_q(deployment.cluster.name)}
BUCKET={_q(deployment.bucket)}
ACCOUNT={_q(deployment.service_account_email)}
SPACE={_q(deployment.namespace)}
CONTEXT={_q(objects.context(deployment))}
LABELS={_q(_labels(deployment))}{_until(deployment)}"""


def _until(deployment: Deployment) -> str:
    """The end of the time to live, counted from when the script runs. It is told by labels, and nothing acts on it."""
    if not deployment.ttl:
        return ""
    return f"\nUNTIL=$(( $(date +%s) + {int(term.seconds(deployment.ttl))} )) # {deployment.ttl}: a label, nothing more"


def _cloud(deployment: Deployment, steps: dict[str, Step]) -> str:
    bindings = "\n".join(f"  {line}" for line in _bindings(deployment, steps))
    return f"""\
bucket() {{
  say "bucket gs://$BUCKET"
  there gcloud storage buckets describe "gs://$BUCKET" ||
    {_safe(steps["bucket"].command)}
{_label_bucket(deployment)}}}

service_account() {{
  say "service account $ACCOUNT"
  there gcloud iam service-accounts describe "$ACCOUNT" --project="$PROJECT" ||
    {_safe(steps["service-account"].command)}
}}

cluster() {{
  say "cluster $CLUSTER: some six minutes"
  there gcloud container clusters describe "$CLUSTER" --project="$PROJECT" --location="$REGION" ||
    {_safe(steps["cluster"].command)}
  gcloud container clusters get-credentials "$CLUSTER" --project="$PROJECT" --location="$REGION"
}}

# A new account may be unknown to IAM for some seconds.
bindings() {{
  say "roles"
{bindings}
}}"""


def _bindings(deployment: Deployment, steps: dict[str, Step]) -> list[str]:
    found = []
    for name in (catalog.storage_binding(deployment), catalog.WORKLOAD):
        for command in steps[name].command.split(" && "):
            condition = " --condition=None" if " projects " in command else ""
            found.append(f'await "role for $ACCOUNT" 120 \\\n    {_safe(command)}{condition}')
    return found


def _pools(deployment: Deployment, steps: dict[str, Step]) -> str:
    lines = []
    for pool in deployment.slices.pools:
        lines += [
            f'  say "node pool {pool}: one slice, minutes"',
            f'  there gcloud container node-pools describe {_q(pool)} --cluster="$CLUSTER" --project="$PROJECT" '
            '--location="$REGION" ||',
            f"    {_safe(steps[POOL + pool].command)}",
        ]
    return "pools() {\n" + "\n".join(lines) + "\n}"


def _jobset(deployment: Deployment) -> str:
    spec = deployment.jobset
    return f"""\
# The JobSet release: downloaded, checked where its SHA-256 is known, applied, and its webhook waited for.
jobset() {{
  say "JobSet controller {spec.version}"
  local folder source sha
  source=${{SAXTUI_JOBSET_MANIFEST:-{_q(objects.jobset_url(deployment))}}}
  sha=${{SAXTUI_JOBSET_SHA256:-{spec.sha256}}}
  folder=$(mktemp -d)
  curl --fail --silent --show-error --location --output "$folder/jobset.yaml" "$source"
  if [[ -n $sha ]]; then
    echo "$sha  $folder/jobset.yaml" | sha256sum --check --quiet
  fi
  k apply --server-side --field-manager=saxtui --force-conflicts -f "$folder/jobset.yaml"
  k label --overwrite -f "$folder/jobset.yaml" {" ".join(f"{key}={value}" for key, value in deployment.labels.items())}
  record "$source" "$(sha256sum "$folder/jobset.yaml" | cut -d ' ' -f 1)" "$folder/jobset.yaml"
  k -n jobset-system wait --for=condition=Available --timeout=900s deployment/jobset-controller-manager
  rm -r "$folder"
}}

# What saxtui notes beside the controller, so that it can take over and take down what this script made.
record() {{
  local listed
  listed=$(k get -f "$3" -o go-template='{{{{range .items}}}}{{{{.apiVersion}}}}|{{{{.kind}}}}|{{{{.metadata.name}}}}|\
{{{{if .metadata.namespace}}}}{{{{.metadata.namespace}}}}{{{{end}}}}{{{{"\\n"}}}}{{{{end}}}}')
  k -n jobset-system create configmap saxtui-jobset --dry-run=client -o yaml --from-literal=version={spec.version} \\
    --from-literal=source="$1" --from-literal=sha256="$2" --from-literal=objects="$listed" |
    k label --local -f - -o yaml {" ".join(f"{key}={value}" for key, value in deployment.labels.items())} | apply
}}"""


def _servers(deployment: Deployment, manifest: Manifest) -> str:
    written = objects.by_file(deployment, manifest)
    names = {
        "sax-service-account.yaml": "kubernetes_account",
        "sax-admin-server.yaml": "admin_server",
        "sax-model-server-set.yaml": "model_servers",
        "sax-http.yaml": "http_server",
    }
    parts = []
    for file, function in names.items():
        said = _q(file.removesuffix(".yaml"))
        parts.append(f"{function}() {{\n  say {said}\n  apply <<'YAML'\n{objects.text(written[file])}YAML\n}}")
    return "\n\n".join(parts)


def _up(deployment: Deployment) -> str:
    shape, slices = deployment.slices.shape, deployment.slices
    pods = shape.hosts * slices.count
    selector = f"jobset.sigs.k8s.io/jobset-name={manifests.MODEL_SET}"
    address = ""
    if deployment.exposure is not Exposure.PRIVATE:
        address = f"""
  await "an address for {manifests.SERVICE}" 600 has_address
  k -n "$SPACE" get service {manifests.SERVICE}"""
    return f"""\
hosts_run() {{
  [[ $(k -n "$SPACE" get pods -l {selector} --field-selector=status.phase=Running -o name | wc -l) -eq {pods} ]]
}}
slices_joined() {{
  [[ $(k -n "$SPACE" logs -l {selector},batch.kubernetes.io/job-completion-index=0 --tail=-1 --max-log-requests=64 |
    grep -c '\\bJoined ') -ge {slices.count} ]]
}}
has_address() {{
  [[ -n $(k -n "$SPACE" get service {manifests.SERVICE} -o jsonpath='{{.status.loadBalancer.ingress[0].ip}}') ]]
}}

up() {{
  bucket
  service_account
  cluster
  bindings
  pools
  kubernetes_account
  jobset
  admin_server
  await "the JobSet webhook lets the model servers through" 900 model_servers
  http_server
  k -n "$SPACE" wait --for=condition=Available --timeout=900s deployment/{manifests.ADMIN} deployment/{manifests.HTTP}
  say "waiting for {pods} hosts in {slices.count} slices"
  await "{pods} hosts run" 3600 hosts_run
  await "{slices.count} slices have joined the cell" 1800 slices_joined{address}
  reach
  await "the HTTP server answers" 600 answers
  say "up; next: $0 publish"
}}"""


def _use(deployment: Deployment) -> str:
    body = _q(json.dumps(objects.publication(deployment)))
    return f"""\
publish() {{
  reach
  ask --request POST "$BASE/publish" --data {body}
  echo
  say "published; the load takes minutes: look for 'Successfully loaded model' in the logs of each slice's host 0"
}}

# The prompt as a JSON string: backslashes, quotes and line breaks escaped.
generate() {{
  reach
  local text=$1
  text=${{text//\\\\/\\\\\\\\}}
  text=${{text//\\"/\\\\\\"}}
  text=${{text//$'\\n'/\\\\n}}
  printf '{{"model": "%s", "query": "%s"}}' {_q(deployment.model.id)} "$text" |
    ask --request POST "$BASE/generate" --data @-
  echo
}}"""


def _down(deployment: Deployment) -> str:
    cluster = 'gcloud container clusters delete "$CLUSTER" --project="$PROJECT" --location="$REGION"'
    if deployment.cluster.adopt:
        pools = "\n".join(
            f'  gcloud container node-pools delete {_q(pool)} --cluster="$CLUSTER" --project="$PROJECT" '
            '--location="$REGION" || true'
            for pool in deployment.slices.pools
        )
        cluster = f"# The cluster was there before: it stays.\n{pools}"
    bucket = _BUCKET_STAYS if deployment.adopt_bucket else _BUCKET_GOES
    project_wide = deployment.identity.role_scope is RoleScope.PROJECT
    unbind = (
        '  gcloud projects remove-iam-policy-binding "$PROJECT" --member="serviceAccount:$ACCOUNT" '
        "--role=roles/storage.admin --condition=None || true\n"
        if project_wide
        else ""
    )
    return f"""\
# The bucket goes last, and only when nothing is left in it but what Sax and saxtui wrote.
down() {{
  say "taking down {deployment.name}"
  k -n "$SPACE" delete --ignore-not-found service/{manifests.SERVICE} || true
  k -n "$SPACE" delete --ignore-not-found jobset/{manifests.MODEL_SET} deployment/{manifests.HTTP} \\
    deployment/{manifests.ADMIN} serviceaccount/{deployment.identity.kubernetes_account} || true
  {cluster}
{unbind}  gcloud iam service-accounts delete "$ACCOUNT" --project="$PROJECT"
{bucket}
}}"""


_BUCKET_STAYS = "  # The bucket was there before: it stays, with what is in it."
_BUCKET_GOES = """\
  for prefix in sax-root sax-fs-root saxtui; do
    gcloud storage rm --recursive "gs://$BUCKET/$prefix" 2>/dev/null || true
  done
  gcloud storage buckets delete "gs://$BUCKET\""""


def _label_bucket(deployment: Deployment) -> str:
    """Labels on the bucket say it is ours, so one that is not is left without."""
    if deployment.adopt_bucket:
        return ""
    return '  gcloud storage buckets update "gs://$BUCKET" --update-labels="$LABELS"\n'


def _labels(deployment: Deployment) -> str:
    return ",".join(f"{key}={value}" for key, value in deployment.labels.items())


def _safe(command: str) -> str:
    """A step's command with every word quoted as bash needs it, and the end of the time to live as it is then."""
    told = f"{term.LABEL}={int(_MARK)}"
    return shlex.join(shlex.split(command)).replace(told, f'{term.LABEL}="$UNTIL"')


def _q(text: str) -> str:
    return shlex.quote(text)
