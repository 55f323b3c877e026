"""The real gcloud, pointed at the embedded cloud by its env.sh: the tutorial's commands as they are printed."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from typing import Any

import pytest

pytestmark = [pytest.mark.witness, pytest.mark.skipif(shutil.which("gcloud") is None, reason="gcloud is not here")]


@pytest.fixture
def run(served: Any) -> Any:
    env = {name: value for name, value in os.environ.items() if not name.startswith(("CLOUDSDK_", "KUBECONFIG"))}
    for line in (served.state.path / "env.sh").read_text().splitlines():
        if line.startswith("export "):
            name, _, value = shlex.split(line)[1].partition("=")
            env[name] = value

    def gcloud(command: str, code: int = 0) -> str:
        done = subprocess.run(
            ["gcloud", *shlex.split(command)], env=env, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == code, done.stderr
        return done.stdout if code == 0 else done.stderr

    return gcloud


@pytest.mark.long  # the gate walks the same road in test_tutorial_witness.py
def test_the_tutorials_commands(run: Any, served: Any) -> None:
    run("storage buckets create gs://demo-project-gke-bucket")
    run("container clusters create saxml --location=us-west4 --workload-pool=demo-project.svc.id.goog --num-nodes=4")
    run(
        "container node-pools create tpu1 --location=us-west4 --cluster=saxml --machine-type=ct5lp-hightpu-4t "
        "--tpu-topology=4x8 --num-nodes=8"
    )
    rows = run("container clusters list").splitlines()
    assert "saxml" in rows[1]
    assert rows[1].split()[-2:] == ["20", "RUNNING"]
    pools = run("container node-pools list --location=us-west4 --cluster=saxml")
    assert [line.split()[:2] for line in pools.splitlines()[1:]] == [
        ["default-pool", "e2-medium"],
        ["tpu1", "ct5lp-hightpu-4t"],
    ]
    assert (served.state.path / "kubeconfig").exists()
    for hosts in (0, 8):
        run(f"container clusters resize saxml --location=us-west4 --node-pool=tpu1 --num-nodes={hosts} --quiet")
        assert run("container clusters list").splitlines()[1].split()[-2] == str(12 + hosts)

    email = "sax-iam-sa@demo-project.iam.gserviceaccount.com"
    run("iam service-accounts create sax-iam-sa")
    run(f"projects add-iam-policy-binding demo-project --member=serviceAccount:{email} --role=roles/storage.admin")
    run(
        f"iam service-accounts add-iam-policy-binding {email} --role=roles/iam.workloadIdentityUser "
        "--member=serviceAccount:demo-project.svc.id.goog[default/sax-sa]"
    )
    error = run(
        "container node-pools create bad --location=us-west4 --cluster=saxml --machine-type=ct5lp-hightpu-4t "
        "--tpu-topology=5x7 --num-nodes=8",
        code=1,
    )
    assert 'Invalid TPU topology "5x7"' in error
    run("container clusters delete saxml --location=us-west4 --quiet")
    run("storage rm -r gs://demo-project-gke-bucket")
    assert run("container clusters list") == ""
