"""The emulator's state directory: the world, token, certificates, emulator.json, env.sh, clusters' kubeconfig."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import shlex
import shutil
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from saxtui.emulator.google.projects import DEMO_PROJECT
from saxtui.emulator.ledger import Ledger, LedgerError, Saved
from saxtui.emulator.tls import Authority, write_private

Json = dict[str, Any]

_OVERRIDES = (
    "CONTAINER",
    "IAM",
    "CLOUDRESOURCEMANAGER",
    "SERVICEUSAGE",
    "COMPUTE",
    "STORAGE",
    "CLOUDBILLING",
    "CLOUDQUOTAS",
)


class StateError(Exception):
    """The state directory cannot be used, or no emulator serves it; the text is one clear line."""


class StateDir:
    """A directory of mode 0700 with files of mode 0600."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._lock: int | None = None

    # -- serving
    @contextlib.contextmanager
    def ephemeral(self) -> Iterator[None]:
        """A block after which the directory is deleted. Raises StateError when it holds anything before."""
        try:
            found = next(self.path.iterdir(), None) if self.path.exists() else None
        except OSError as error:
            raise StateError(f"cannot use {self.path} as state directory: {error.strerror}") from None
        if found is not None:
            raise StateError(f"{self.path} is not empty, so it will not be deleted at the end: name an empty one")
        try:
            yield
        finally:
            shutil.rmtree(self.path, ignore_errors=True)

    def claim(self) -> None:
        """Make the directory and hold it for this process. Raises StateError when another process serves it."""
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.path.chmod(0o700)
            for name in ("gcloud", "saxtui"):
                (self.path / name).mkdir(mode=0o700, exist_ok=True)
            self._lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StateError(f"cannot use {self.path} as state directory: {error.strerror}") from None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._lock)
            self._lock = None
            raise StateError(f"{self.path} is already served by {self._holder()}: use it, or another --state") from None

    def _holder(self) -> str:
        try:
            facts = self.facts()
        except StateError:
            return "another emulator that is just starting"
        return f"the emulator with process id {facts['pid']} at {facts['endpoint']}"

    def token(self) -> str:
        """The Bearer token, made at first and kept."""
        file = self.path / "token"
        if file.exists():
            return file.read_text().strip()
        token = "ya29.saxtui-" + secrets.token_urlsafe(32)
        write_private(file, token.encode() + b"\n")
        return token

    def authority(self) -> Authority:
        """The certificates."""
        return Authority(self.path)

    def ledger(self) -> tuple[Ledger, Saved | None]:
        """The file its world is kept in, and what that holds. Raises StateError."""
        try:
            ledger = Ledger(self.path / "world.sqlite3")
            return ledger, ledger.read()
        except LedgerError as error:
            raise StateError(str(error)) from None

    def announce(
        self, *, endpoint: str, clock: str, speed: float, manifest_sha256: str, manifest_path: str, vpc_prefix: str
    ) -> None:
        """Write env.sh and emulator.json; with them other processes find their way."""
        token = self.token()
        self.write_kubeconfig([])
        variables = {
            **{f"CLOUDSDK_API_ENDPOINT_OVERRIDES_{name}": f"{endpoint}/" for name in _OVERRIDES},
            "CLOUDSDK_CORE_PROJECT": DEMO_PROJECT,
            "CLOUDSDK_CORE_ACCOUNT": f"operator@{DEMO_PROJECT}.example",
            "GOOGLE_CLOUD_PROJECT": DEMO_PROJECT,
            "CLOUDSDK_AUTH_ACCESS_TOKEN": token,
            "CLOUDSDK_CONFIG": str(self.path / "gcloud"),
            "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
            "CLOUDSDK_CORE_CHECK_GCE_METADATA": "false",
            "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "true",
            "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK": "true",
            "CLOUDSDK_SURVEY_DISABLE_PROMPTS": "true",
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
            "GCE_METADATA_HOST": "127.0.0.1:9",
            "NO_GCE_CHECK": "true",
            "USE_GKE_GCLOUD_AUTH_PLUGIN": "True",
            "KUBECONFIG": f"{self.path / 'kubeconfig'}:{self.path / 'clusters.kubeconfig'}",
            "SAXTUI_STATE": str(self.path / "saxtui"),
            "SAXTUI_EMULATED_CLOCK": clock,
            "SAXTUI_EMULATED_NETWORK": endpoint + vpc_prefix,
            "SAXTUI_JOBSET_MANIFEST": endpoint + manifest_path,
            "SAXTUI_JOBSET_SHA256": manifest_sha256,
        }
        lines = ["# Points gcloud, kubectl and saxtui at the embedded cloud: source this file."]
        lines += [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]
        write_private(self.path / "env.sh", "\n".join(lines).encode() + b"\n")
        facts = {
            "endpoint": endpoint,
            "token": token,
            "pid": os.getpid(),
            "speed": speed,
            "started": float(clock.partition(":")[0]),
        }
        write_private(self.path / "emulator.json", json.dumps(facts).encode() + b"\n")

    def retire(self) -> None:
        """Take down what only a running emulator may show, and let go of the directory."""
        for name in ("emulator.json", "clusters.kubeconfig"):
            (self.path / name).unlink(missing_ok=True)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def write_kubeconfig(self, clusters: list[tuple[str, str, str]]) -> None:
        """Write clusters.kubeconfig: (context name, endpoint, base64 CA) each; the last becomes the current context."""
        import yaml

        token = self.token()
        document: Json = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {"name": name, "cluster": {"server": f"https://{endpoint}", "certificate-authority-data": ca}}
                for name, endpoint, ca in clusters
            ],
            "contexts": [{"name": name, "context": {"cluster": name, "user": name}} for name, _, _ in clusters],
            "users": [{"name": name, "user": {"token": token}} for name, _, _ in clusters],
            "current-context": clusters[-1][0] if clusters else "",
        }
        write_private(self.path / "clusters.kubeconfig", yaml.safe_dump(document, sort_keys=False).encode())

    # -- asking
    def facts(self) -> Json:
        """What emulator.json says: endpoint, token, pid, speed, started. Raises StateError when there is none."""
        try:
            found = json.loads((self.path / "emulator.json").read_text())
        except (OSError, ValueError):
            raise StateError(f"no emulator serves {self.path}: start one with --state {self.path}") from None
        return dict(found)

    def ask(self, what: str, body: Json | None = None) -> list[Json]:
        """Read /_emulator/<what> from the running emulator, or send it `body`. Raises StateError."""
        facts = self.facts()
        request = urllib.request.Request(
            f"{facts['endpoint']}/_emulator/{what}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {facts['token']}", "Content-Type": "application/json"},
        )
        # An opener without proxies: the emulator is on this machine, whatever http_proxy says.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=30) as answer:
                return list(json.load(answer))
        except (OSError, ValueError) as error:
            raise StateError(f"the emulator of {self.path} does not answer at {facts['endpoint']}: {error}") from None
