"""A loopback API server that has nothing but pods and their logs, for benchmarks/logs.py; a process of its own.

Run: python benchmarks/log_server.py PODS LINES. Prints its port. Every log is the same LINES lines of a model server,
a millisecond apart, sent as fast as the reader takes them, then it stays open. kubectl takes it for a cluster.
"""

from __future__ import annotations

import json
import socketserver
import sys
from datetime import UTC, datetime, timedelta

NAMESPACE = "default"
LABELS = {"app": "bench"}
_CHUNK = 65_536
_BEGIN = datetime(2026, 11, 27, 10, 0, 0, tzinfo=UTC)


def name(index: int) -> str:
    """The pod's name."""
    return f"sax-model-server-{index // 8}-{index % 8}"


def pod(index: int) -> dict[str, object]:
    """The pod as the API tells of it."""
    return {
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name(index), "namespace": NAMESPACE, "uid": f"uid-{index}", "labels": LABELS},
        "spec": {"containers": [{"name": "server", "image": "x"}]},
        "status": {"phase": "Running", "containerStatuses": [
            {"name": "server", "ready": True, "restartCount": 0, "image": "x", "imageID": "x",
             "state": {"running": {"startedAt": "2026-11-27T10:00:00Z"}}}]},
    }  # fmt: skip


def text(lines: int, *, stamps: bool) -> bytes:
    """The log's bytes, with the stamps the kubelet writes or without."""
    made = []
    for number in range(lines):
        moment = _BEGIN + timedelta(milliseconds=number)
        stamp = moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond * 1000 + number % 1000:09d}Z "
        level = "W" if number % 97 == 0 else "I"
        made.append(
            (stamp if stamps else "")
            + f"{level}1127 {moment:%H:%M:%S.%f} 139 servable_model.py:697] step {number} of the load"
        )
    return ("\n".join(made) + "\n").encode()


class Handler(socketserver.StreamRequestHandler):
    """One connection, one answer."""

    server: Server

    def handle(self) -> None:
        line = self.rfile.readline().split()
        while self.rfile.readline().strip():
            pass
        if len(line) < 2:
            return
        path, _, query = line[1].decode().partition("?")
        try:
            if path.endswith("/log"):
                self._log("timestamps=true" in query)
            else:
                self._answer(path)
        except OSError:
            return

    def _answer(self, path: str) -> None:
        body = json.dumps(self._object(path)).encode()
        code = b"200 OK" if body != b"null" else b"404 Not Found"
        head = b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
        self.wfile.write(head % (code, len(body)) + body)

    def _object(self, path: str) -> object:
        count = self.server.pods
        if path == "/api":
            return {"kind": "APIVersions", "versions": ["v1"]}
        if path == "/apis":
            return {"kind": "APIGroupList", "apiVersion": "v1", "groups": []}
        if path == "/api/v1":
            resources = [{"name": "pods", "singularName": "pod", "namespaced": True, "kind": "Pod", "verbs": ["get"]}]
            return {"kind": "APIResourceList", "groupVersion": "v1", "resources": resources}
        if path == f"/api/v1/namespaces/{NAMESPACE}/pods":
            return {"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": [pod(n) for n in range(count)]}
        return next((pod(n) for n in range(count) if path.endswith("/pods/" + name(n))), None)

    def _log(self, stamps: bool) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n")
        view = memoryview(self.server.stamped if stamps else self.server.plain)
        for start in range(0, len(view), _CHUNK):
            part = view[start : start + _CHUNK]
            self.request.sendall(b"%x\r\n" % len(part) + bytes(part) + b"\r\n")
        self.rfile.read(1)


class Server(socketserver.ThreadingTCPServer):
    """All logs are one text."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, pods: int, lines: int) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.pods = pods
        self.stamped, self.plain = text(lines, stamps=True), text(lines, stamps=False)


def main() -> None:
    server = Server(int(sys.argv[1]), int(sys.argv[2]))
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
