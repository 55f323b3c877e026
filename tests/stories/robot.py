"""The small robot language of the stories: an embedded cloud, and an operator who types commands at it."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PYTHON = sys.executable
START_LIMIT = 30.0


@dataclass
class Answer:
    """What one command said. `records` are the JSON lines of its stdout."""

    argv: tuple[str, ...]
    code: int
    out: str
    err: str

    @property
    def records(self) -> list[dict[str, Any]]:
        """Every line of stdout as JSON; fails when one does not parse."""
        return [json.loads(line) for line in self.out.splitlines()]

    def of_type(self, kind: str) -> list[dict[str, Any]]:
        """The records of one type."""
        return [record for record in self.records if record.get("type") == kind]

    def ok(self) -> Answer:
        """Itself, after asserting exit code 0."""
        assert self.code == 0, f"{self.argv} exited {self.code}\n--- stdout\n{self.out}\n--- stderr\n{self.err}"
        return self

    def refused(self, code: int, *words: str) -> Answer:
        """Itself, after asserting the exit code, the words in stderr, and that no traceback was shown."""
        assert self.code == code, f"{self.argv} exited {self.code}, not {code}\n{self.out}\n{self.err}"
        for word in words:
            assert word.lower() in self.err.lower(), f"{word!r} is not in:\n{self.err}"
        assert "Traceback" not in self.out + self.err
        return self


@dataclass
class EmbeddedCloud:
    """One emulator process and its state directory."""

    state: Path
    process: subprocess.Popen[str]
    env: dict[str, str] = field(default_factory=dict)

    @classmethod
    def start(cls, state: Path, *, speed: float = 600, scenario: Path | None = None, seed: int = 1) -> EmbeddedCloud:
        """Start it and wait for its one line."""
        argv = [PYTHON, "-m", "saxtui.emulator", "serve", "--state", str(state), "--speed", str(speed)]
        argv += ["--port", "0", "--seed", str(seed), "--until-stdin-closes"]
        if scenario is not None:
            argv += ["--scenario", str(scenario)]
        process = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line.startswith("serving "):
            assert process.stderr is not None
            process.kill()
            raise AssertionError(f"the embedded cloud did not start: {line!r} {process.stderr.read()}")
        return cls(state, process, {**_plain_environment(), **_exports(state / "env.sh")})

    def stop(self) -> None:
        """End it and wait."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(timeout=20)
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()

    def operator(self, folder: Path) -> Operator:
        """Someone who works in `folder` with env.sh sourced."""
        return Operator(folder, self.env)

    def resources(self) -> list[dict[str, Any]]:
        """Everything that exists in it."""
        return self._ask("resources")

    def requests(self) -> list[dict[str, Any]]:
        """Every request it has answered."""
        return self._ask("requests")

    def play(self, scenario: Path) -> None:
        """Let a scenario begin now."""
        argv = [PYTHON, "-m", "saxtui", "emulator", "play", str(scenario), "--state", str(self.state)]
        subprocess.run(argv, check=True, capture_output=True, text=True, env=self.env)

    def mutations(self) -> list[dict[str, Any]]:
        """The requests that could change something."""
        return [request for request in self.requests() if request["mutating"]]

    def _ask(self, what: str) -> list[dict[str, Any]]:
        argv = [PYTHON, "-m", "saxtui", "emulator", what, "--state", str(self.state), "--json"]
        done = subprocess.run(argv, check=True, capture_output=True, text=True, env=self.env)
        return [json.loads(line) for line in done.stdout.splitlines()]


@dataclass
class Operator:
    """Types commands. Everything runs as a real process with the environment env.sh gives."""

    folder: Path
    env: dict[str, str]

    def saxtui(
        self, *args: str, stdin: str | None = None, limit: float = 110, env: dict[str, str] | None = None
    ) -> Answer:
        """Run `saxtui ARGS` to its end."""
        return self.run([PYTHON, "-m", "saxtui", *args], stdin=stdin, limit=limit, env=env)

    def run(
        self, argv: Sequence[str], *, stdin: str | None = None, limit: float = 110, env: dict[str, str] | None = None
    ) -> Answer:
        """Run any command to its end."""
        done = subprocess.run(
            list(argv), check=False, cwd=self.folder, env={**self.env, **(env or {})}, capture_output=True, text=True,
            input=stdin if stdin is not None else "", timeout=limit,
        )  # fmt: skip
        return Answer(tuple(argv), done.returncode, done.stdout, done.stderr)

    def start(self, *args: str) -> subprocess.Popen[str]:
        """Start `saxtui ARGS` and leave it running."""
        return subprocess.Popen(
            [PYTHON, "-m", "saxtui", *args], cwd=self.folder, env=self.env, text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def deployment(self, *args: str, name: str = "spmd.yaml") -> str:
        """Write a tutorial deployment and return its file name."""
        self.saxtui("init", "--preset", "tutorial", "--project", "demo-project", "-o", name, *args).ok()
        return name


def wait_until(condition: Callable[[], Any], what: str, limit: float = 60.0) -> Any:
    """Poll `condition` until it is true and return its value."""
    deadline = time.monotonic() + limit
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.02)  # between polls of another process; there is nothing to wait on
    raise AssertionError(f"never came: {what}")


def _plain_environment() -> dict[str, str]:
    keep = {"PATH", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV", "PYTHONPATH"}
    root = str(Path(__file__).resolve().parents[2])
    env = {key: value for key, value in os.environ.items() if key in keep}
    return {**env, "PYTHONPATH": root, "HOME": os.environ.get("HOME", "/"), "TERM": "dumb"}


def _exports(path: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in path.read_text().splitlines():
        words = shlex.split(line, comments=True)
        if len(words) >= 2 and words[0] == "export":
            for word in words[1:]:
                key, _, value = word.partition("=")
                found[key] = value
    return found
