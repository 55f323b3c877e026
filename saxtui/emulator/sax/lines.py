"""Log lines in the programs' formats: absl (Python), glog (Go), http.server's and uvicorn's access lines. Pure."""

from __future__ import annotations

from datetime import UTC, datetime


def absl(at: float, level: str, thread: int, where: str, message: str) -> str:
    """`I0905 22:09:56.715947 140127891224576 servable_model.py:697] message`."""
    return f"{level}{datetime.fromtimestamp(at, UTC):%m%d %H:%M:%S.%f} {thread} {where}] {message}"


def glog(at: float, level: str, where: str, message: str) -> str:
    """`I0905 22:09:56.715947       1 admin.go:97] message`."""
    return f"{level}{datetime.fromtimestamp(at, UTC):%m%d %H:%M:%S.%f} {1:>7} {where}] {message}"


def http_server(at: float, peer: str, request: str, status: int) -> str:
    """http.server's line: `10.182.0.2 - - [05/Sep/2023 22:09:56] "GET / HTTP/1.1" 200 -`."""
    return f'{peer} - - [{datetime.fromtimestamp(at, UTC):%d/%b/%Y %H:%M:%S}] "{request}" {status} -'


def uvicorn(peer: str, request: str, status: int, phrase: str) -> str:
    """uvicorn's line: `INFO:     10.182.0.2:41020 - "GET / HTTP/1.1" 200 OK`."""
    return f'INFO:     {peer} - "{request}" {status} {phrase}'
