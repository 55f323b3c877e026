"""An embedded cloud of our own: a process in a temporary folder that ends when we do."""

from __future__ import annotations

import contextlib
import json
import queue
import shlex
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from saxtui.cli.emulator import command
from saxtui.errors import Problem, Refused
from saxtui.model.text import safe, safe_block

_START_SECONDS = 45.0
_STOP_SECONDS = 5.0
_OUTWARD = ("CLOUDSDK_", "GOOGLE_", "SAXTUI_", "DEVSHELL_", "KUBECONFIG")
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


class DemoCloud:
    """A context manager. `environ` is this environment with nothing in it that points anywhere else."""

    def __init__(self, environ: Mapping[str, str], options: Sequence[str]) -> None:
        self._given = dict(environ)
        self._options = list(options)
        self._process: subprocess.Popen[str] | None = None
        self.folder = Path()
        self.environ: dict[str, str] = {}

    def __enter__(self) -> DemoCloud:
        try:
            self.folder = Path(tempfile.mkdtemp(prefix="saxtui-demo-"))
        except OSError as error:
            problem = Problem(
                tried="make",
                target="a temporary folder for the embedded cloud",
                said=safe(error.strerror or error),
                next_step="free some space, or set TMPDIR to a folder that can be written",
            )
            raise Refused(problem) from error
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.stop()

    def _start(self) -> None:
        # It deletes its folder when it ends, and ends when we do: also when we are killed.
        always = ("--port", "0", "--until-stdin-closes", "--ephemeral")
        arguments = command("serve", str(self.folder), *self._options, *always)
        with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as errors:
            # A session of its own: the terminal's Ctrl-C is for us, and the embedded cloud outlives our pause.
            self._process = subprocess.Popen(
                arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True, encoding="utf-8",
                errors="replace", env=clean(self._given), start_new_session=True,
            )  # fmt: skip
            line = _first_line(self._process)
            if line is None or not line.startswith("serving "):
                raise self._did_not_start(line, errors)
        self.environ = {**clean(self._given), **read_environment(self.folder)}

    def _did_not_start(self, line: str | None, errors: IO[str]) -> Refused:
        what = f"said nothing for {_START_SECONDS:.0f} s"
        if self._process is not None and line is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                what = f"ended with code {self._process.wait(_STOP_SECONDS)}"
        errors.seek(0)
        said = errors.read().strip().splitlines()[-20:]
        return Refused(
            Problem(
                tried="start",
                target="the embedded cloud",
                said=safe(f"answered {line!r}") if line else what,
                details=tuple(str(safe_block(text)) for text in said),
                next_step="try: saxtui emulator --state DIR   to see it alone",
            )
        )

    def resources(self) -> list[str]:
        """Every resource that exists in it, one compact JSON text each, sorted. Raises Refused."""
        done = subprocess.run(
            command("resources", str(self.folder), "--json"), env=self.environ, capture_output=True, text=True,
            encoding="utf-8", errors="replace", timeout=60, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        if done.returncode:
            said = safe(done.stderr.strip()[-300:] or f"code {done.returncode}")
            raise Refused(Problem(tried="list", target="what the embedded cloud holds", said=said))
        return sorted(json.dumps(item, sort_keys=True) for item in parse_records(done.stdout))

    def kill(self) -> None:
        """Stop without ceremony, for a process that leaves without unwinding."""
        if self._process is not None:
            self._process.kill()
        self.stop()

    def stop(self) -> None:
        """End the process and remove the folder; harmless when done twice."""
        process, self._process = self._process, None
        if process is not None:
            if process.stdin:
                process.stdin.close()
            for number in (signal.SIGTERM, signal.SIGKILL):
                try:
                    process.wait(_STOP_SECONDS)
                    break
                except subprocess.TimeoutExpired:
                    process.send_signal(number)
            process.wait()
            if process.stdout:
                process.stdout.close()
        if self.folder.name.startswith("saxtui-demo-"):
            shutil.rmtree(self.folder, ignore_errors=True)


def clean(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment without settings of other clouds, saved deployments or proxies."""
    return {k: v for k, v in environ.items() if not k.startswith(_OUTWARD) and k not in _PROXIES}


def read_environment(folder: Path) -> dict[str, str]:
    """What env.sh exports. Raises Refused when it cannot be read."""
    found: dict[str, str] = {}
    try:
        text = (folder / "env.sh").read_text("utf-8")
    except OSError as error:
        problem = Problem(tried="read", target=str(folder / "env.sh"), said=safe(error.strerror or error))
        raise Refused(problem) from error
    for line in text.splitlines():
        words = shlex.split(line, comments=True)
        if len(words) >= 2 and words[0] == "export":
            found |= {name: value for name, _, value in (word.partition("=") for word in words[1:])}
    return found


def parse_records(text: str) -> list[Any]:
    """A JSON array, or one JSON value a line."""
    text = text.strip()
    if text.startswith("["):
        return list(json.loads(text))
    return [json.loads(line) for line in text.splitlines() if line.strip()]


def _first_line(process: subprocess.Popen[str]) -> str | None:
    """The first line of its stdout, "" when it ends before, None when it stays silent; what follows is dropped."""
    lines: queue.Queue[str] = queue.Queue(maxsize=1)

    def read() -> None:
        assert process.stdout is not None
        try:
            lines.put(process.stdout.readline())
            while process.stdout.readline():
                pass
        except ValueError:  # closed under us by stop()
            return

    threading.Thread(target=read, daemon=True, name="embedded cloud's stdout").start()
    try:
        return lines.get(timeout=_START_SECONDS).strip()
    except queue.Empty:
        return None
