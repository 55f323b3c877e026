"""An API whose every answer is an attack on the terminal: the command line writes colours and text, nothing else."""

from __future__ import annotations

import json
import os
import random
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests import hostile
from tests.stories.robot import Operator
from tests.stories.terminal import ROOT, Terminal, sequences

_SERVICES = ("CONTAINER", "IAM", "CLOUDRESOURCEMANAGER", "SERVICEUSAGE", "COMPUTE", "STORAGE")
_CODES = (400, 403, 409)


class _Attacker(BaseHTTPRequestHandler):
    """Refuses everything in words that are no words."""

    dice = random.Random(11)

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        code = self.dice.choice(_CODES)
        text = ["".join(hostile.lines(self.dice.randrange(1 << 30), 6)) for _ in range(5)]
        error = {
            "code": code, "message": text[0], "status": text[1], "errors": [{"reason": text[2], "message": text[2]}],
            "details": [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": text[3],
                         "metadata": {"service": text[4]}}],
        }  # fmt: skip
        body = json.dumps({"error": error}).encode()
        if self.path.startswith("/v3/projects/") or self.path.startswith("/v1/projects/demo-project:"):
            code, body = 200, json.dumps(
                {"name": "projects/1", "projectId": "demo-project", "state": "ACTIVE", "displayName": text[0],
                 "permissions": [text[1]]}
            ).encode()  # fmt: skip
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer

    def log_message(self, format: str, *args: object) -> None:
        """Nothing on stderr."""


@pytest.fixture
def attacker() -> Iterator[str]:
    """The address of the server."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Attacker)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize("command", ["doctor", "plan", "status", "up", "down", "pods"])
def test_only_colours_and_text(attacker: str, tmp_path: Path, command: str) -> None:
    environ = {
        "PATH": os.environ["PATH"], "HOME": str(tmp_path), "LANG": "C.UTF-8", "TERM": "xterm-256color",
        "PYTHONPATH": str(ROOT), "SAXTUI_STATE": str(tmp_path / "state"), "CLOUDSDK_AUTH_ACCESS_TOKEN": "canary-token",
        "CLOUDSDK_CORE_PROJECT": "demo-project", "NO_GCE_CHECK": "true", "GCE_METADATA_HOST": "127.0.0.1:9",
        **{f"CLOUDSDK_API_ENDPOINT_OVERRIDES_{name}": attacker for name in _SERVICES},
    }  # fmt: skip
    name = Operator(tmp_path, environ).deployment()
    yes = ["--yes"] if command in ("up", "down") else []
    argv = [sys.executable, "-m", "saxtui", command, "-d", str(tmp_path / name), *yes]
    terminal = Terminal(argv, environ, size=(200, 50))
    try:
        code = terminal.end()
    finally:
        terminal.close()
    assert code != 0 or command in ("status", "doctor"), terminal.seen
    assert sequences(terminal.seen) <= {"CSI m", "CSI K", "CSI A", "CSI ?25l", "CSI ?25h"}
    assert b"\xe2\x90\x9b" in terminal.seen, "the attack is shown as visible marks"
    assert b"canary-token" not in terminal.seen
