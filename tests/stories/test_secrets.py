"""Twenty canary secrets in the environment and in files beside it: none of them in anything saxtui writes or says."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from urllib.parse import quote

import pytest

from saxtui.errors import ExitCode
from tests.stories.robot import PYTHON, EmbeddedCloud, Operator
from tests.stories.terminal import Terminal

_NAMES = (
    "GITHUB_TOKEN", "GOOGLE_API_KEY", "MY_SECRET", "DB_PASSWORD", "NPM_TOKEN", "CLOUDSDK_AUTH_SOMETHING_TOKEN",
    "AWS_SECRET_ACCESS_KEY", "OAUTH_CLIENT_SECRET", "SAXTUI_TOKEN", "PRIVATE_KEY",
)  # fmt: skip
_WALK = (
    (b"\r", b"mesh/list"), (b"s", b"Joined"), (b"3", b"readiness"), (b"5", b"evidence"), (b"7", b"no two alike"),
    (b"?", b"Everywhere"), (b"\x1b", b"no two alike"), (b"\x0c", b"went wrong"), (b"\x1b", b"no two alike"),
    (b"6", b"Ask something"), (b"How many days?\r", b"tok/s"), (b"\x03", b"Leave saxtui?"),
)  # fmt: skip
"""Keys at the console, and what then comes on the screen."""


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


class Watch:
    """An operator with twenty secrets about, and everything that is ever said to them."""

    def __init__(self, cloud: EmbeddedCloud, operator: Operator) -> None:
        self.cloud, self.operator = cloud, operator
        self.environ, self.secret = canaries(operator, cloud)
        self.home = Path(self.environ["HOME"])
        self.homely = self._files(self.home)
        self.name = operator.deployment()
        self.said: list[str] = []

    def run(self, *args: str) -> None:
        """For people and for programs."""
        for more in ((), ("--json",)):
            self.once(*args, "-d", self.name, *more)

    def once(self, *args: str, **more: str) -> int:
        """The exit code."""
        answer = self.operator.saxtui(*args, env={**self.environ, **more})
        assert answer.code in set(ExitCode) - {ExitCode.USAGE}, answer
        self.said.extend((answer.out, answer.err))
        return answer.code

    def refused(self, *commands: str) -> None:
        """With a token that does not count."""
        wrong = "ya29.canary-wrong-token"
        for command in commands:
            assert self.once(*command.split(), "-d", self.name, CLOUDSDK_AUTH_ACCESS_TOKEN=wrong) != 0
        self.secret.append(wrong.removeprefix("ya29."))

    def mirrored(self) -> None:
        """Nothing of them in what we leave in a bucket."""
        kept = in_buckets(self.cloud)
        assert any("/saxtui/" in path for path in kept), "the journal's mirror is looked at too"
        for path, content in kept.items():
            assert not self._in(content), path

    def console(self) -> None:
        """Every screen, and a prompt."""
        environ = {**self.operator.env, **self.environ, "TERM": "xterm-256color", "LANG": "C.UTF-8"}
        terminal = Terminal([PYTHON, "-m", "saxtui"], environ)
        try:
            terminal.read_until(b"spmd-175b")
            for keys, words in _WALK:
                terminal.read_until(words, since=terminal.type(keys))
                terminal.settle()
            terminal.type(b"\x03")
            terminal.end()
        finally:
            terminal.close()
        self.said.append(terminal.seen.decode(errors="replace"))

    def nowhere(self) -> None:
        """In no file, in no address, in no word."""
        state = Path(self.operator.env["SAXTUI_STATE"])
        files = [path for path in state.rglob("*") if path.is_file()]
        assert any(path.suffix == ".sqlite3" for path in files)
        assert any(path.parent.name == "receipts" for path in files)
        assert all(path.stat().st_mode & 0o077 == 0 for path in files), "for their owner only"
        assert self._files(self.home) == self.homely, "left as it was"
        files += [path for path in self.operator.folder.rglob("*") if path.is_file() and self.home not in path.parents]
        for path in files:
            assert not self._in(path.read_bytes()), path
        everything = "\n".join(self.said)
        assert len(everything) > 5_000
        assert not self._in(everything.encode())
        assert not self._in(json.dumps(self.cloud.requests()).encode()), "in an address"

    def _in(self, content: bytes) -> list[str]:
        return [word for word in self.secret if word.encode() in content]

    @staticmethod
    def _files(folder: Path) -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_no_canary_is_seen_on_the_way_up_and_down(cloud: EmbeddedCloud, operator: Operator) -> None:
    watch = Watch(cloud, operator)
    for command in (("plan",), ("up", "--yes"), ("status", "--json")):
        watch.once(*command, "-d", watch.name)
    watch.mirrored()
    watch.refused("up --yes")
    watch.once("down", "--yes", "-d", watch.name)
    watch.nowhere()


@pytest.mark.long
@pytest.mark.timeout(400)
def test_no_canary_is_seen_anywhere(cloud: EmbeddedCloud, operator: Operator) -> None:
    watch = Watch(cloud, operator)
    for command in (("doctor",), ("plan",), ("up", "--yes"), ("status",), ("pods",), ("logs", "--tail", "50")):
        watch.run(*command)
    operator.saxtui("publish", "-d", watch.name, "--wait", env=watch.environ).ok()
    for command in (("models",), ("generate", "How many days are in a week?"), ("events",), ("why",)):
        watch.run(*command)
    watch.run("bench", "-n", "4")
    for kind in ("bash", "terraform", "runbook"):
        watch.once("export", "--as", kind, "-d", watch.name, "-o", f"export-{kind}")
    watch.console()
    watch.run("recover")
    watch.mirrored()
    watch.refused("plan", "up --yes", "down --yes", "pods")
    watch.run("down", "--yes")
    watch.run("receipt")
    watch.nowhere()
