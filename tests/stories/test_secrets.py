"""Twenty canary secrets in the environment and in files beside it: none of them in anything saxtui writes or says."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from urllib.parse import quote

import pytest

from saxtui.errors import ExitCode
from tests.stories.robot import EmbeddedCloud, Operator

_NAMES = (
    "GITHUB_TOKEN", "GOOGLE_API_KEY", "MY_SECRET", "DB_PASSWORD", "NPM_TOKEN", "CLOUDSDK_AUTH_SOMETHING_TOKEN",
    "AWS_SECRET_ACCESS_KEY", "OAUTH_CLIENT_SECRET", "SAXTUI_TOKEN", "PRIVATE_KEY",
)  # fmt: skip


def canaries(operator: Operator, cloud: EmbeddedCloud) -> tuple[dict[str, str], list[str]]:
    """Variables to set, and what must never be seen: the token in use, more in variables, and the rest in files."""
    variables = {name: f"canary-{number:02d}-{name.lower()}" for number, name in enumerate(_NAMES)}
    in_files = [f"canary-file-{number:02d}" for number in range(9)]
    home = operator.folder / "home"
    (home / ".kube").mkdir(parents=True)
    (home / ".config" / "gcloud").mkdir(parents=True)
    (home / ".kube" / "config").write_text(f"users: [{{name: u, user: {{token: {in_files[0]}}}}}]\n")
    credentials = dict(zip(("refresh_token", "client_secret", "private_key", "client_id"), in_files[1:5], strict=True))
    adc = home / ".config" / "gcloud" / "application_default_credentials.json"
    adc.write_text(json.dumps({"type": "authorized_user", **credentials}))
    (home / ".netrc").write_text(f"machine x login {in_files[5]} password {in_files[6]}\n")
    (home / ".git-credentials").write_text(f"https://{in_files[7]}:{in_files[8]}@example.com\n")
    token = operator.env["CLOUDSDK_AUTH_ACCESS_TOKEN"]
    found = [token, *variables.values(), *in_files]
    assert len(set(found)) == 20
    return {**variables, "HOME": str(home)}, found


def in_buckets(cloud: EmbeddedCloud) -> dict[str, bytes]:
    """What every object in every bucket of the cloud holds: the journal's mirror, the lease, Sax's own."""
    base = cloud.env["CLOUDSDK_API_ENDPOINT_OVERRIDES_CONTAINER"].rstrip("/")
    headers = {"Authorization": f"Bearer {cloud.env['CLOUDSDK_AUTH_ACCESS_TOKEN']}"}
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def get(path: str) -> bytes:
        with opener.open(urllib.request.Request(base + path, headers=headers), timeout=30) as answer:
            content: bytes = answer.read()
            return content

    found = {}
    for record in cloud.resources():
        if record["type"] == "object":
            bucket, _, name = record["name"].removeprefix("gs://").partition("/")
            found[record["name"]] = get(f"/storage/v1/b/{bucket}/o/{quote(name, safe='')}?alt=media")
    return found


@pytest.mark.long
def test_no_canary_is_seen_anywhere(cloud: EmbeddedCloud, operator: Operator) -> None:
    environ, secret = canaries(operator, cloud)
    name = operator.deployment()
    home = Path(environ["HOME"])
    homely = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    said: list[str] = []

    def run(*args: str) -> None:
        for more in ((), ("--json",)):
            answer = operator.saxtui(*args, *more, env=environ)
            assert answer.code in set(ExitCode)
            said.extend((answer.out, answer.err))

    for command in (("doctor",), ("plan",), ("up", "--yes"), ("status",), ("pods",), ("logs", "--tail", "50")):
        run(*command, "-d", name)
    operator.saxtui("publish", "-d", name, "--wait", env=environ).ok()
    run("models", "-d", name)
    run("generate", "-d", name, "How many days are in a week?")
    run("recover", "-d", name)
    for kind in ("bash", "terraform", "runbook"):
        operator.saxtui("export", "--as", kind, "-d", name, "-o", f"export-{kind}", env=environ).ok()
    kept = in_buckets(cloud)
    assert any("/saxtui/" in path for path in kept), "the journal's mirror is looked at too"
    for path, content in kept.items():
        assert not [word for word in secret if word.encode() in content], path
    wrong = {**environ, "CLOUDSDK_AUTH_ACCESS_TOKEN": "ya29.canary-wrong-token"}
    for command in ("plan", "up", "down", "pods"):
        answer = operator.saxtui(command, "-d", name, "--yes", env=wrong)
        assert answer.code != 0
        said.extend((answer.out, answer.err))
    run("down", "-d", name, "--yes")
    run("receipt", "-d", name)
    secret.append("canary-wrong-token")

    state = Path(operator.env["SAXTUI_STATE"])
    files = [path for path in state.rglob("*") if path.is_file()]
    assert any(path.suffix == ".sqlite3" for path in files)
    assert any(path.parent.name == "receipts" for path in files)
    assert all(path.stat().st_mode & 0o077 == 0 for path in files), "for their owner only"
    assert {path: path.read_bytes() for path in home.rglob("*") if path.is_file()} == homely, "left as it was"
    files += [path for path in operator.folder.rglob("*") if path.is_file() and home not in path.parents]
    assert not [word for word in secret if word in json.dumps(cloud.requests())], "in an address"
    for path in files:
        content = path.read_bytes()
        assert not [word for word in secret if word.encode() in content], path
    everything = "\n".join(said)
    assert "days" in everything or len(everything) > 10_000
    assert not [word for word in secret if word in everything]
