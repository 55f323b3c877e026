"""A crash report tells where and what, and none of twenty secrets, wherever they were."""

from __future__ import annotations

from pathlib import Path

import pytest

from saxtui.adapters.disk.crash import without_secrets, write_report

NAMED = {
    f"{name}": f"plain-looking-value-{number}"
    for number, name in enumerate(
        ("CLOUDSDK_AUTH_ACCESS_TOKEN", "GITHUB_TOKEN", "MY_SECRET", "DB_PASSWORD", "GOOGLE_API_KEY", "X_PRIVATE_KEY",
         "npm_token", "APIKEY")
    )
}  # fmt: skip
SHAPED = (
    "ya29.a0AfH6SNcanary-09_x",
    "eyJhbGciOiJSUzI1NiJ9.eyJjYW5hcnkiOjEwfQ.sig-canary", "AIzaSyCanary11CanaryCanaryCanary0",
    "GOCSPX-canary12canary", "1//0gCanary13CanaryCanaryCanary", "Bearer canary-14-opaque", "bearer canary-15-opaque",
    "-----BEGIN PRIVATE KEY-----\nMIIcanary16\n-----END PRIVATE KEY-----",
    '"refresh_token": "canary-17-refresh"', "client_secret=canary-18-client", "'private_key': 'canary-19-key'",
    "Basic Y2FuYXJ5LTIwOmNhbmFyeQ==",
)  # fmt: skip
CORES = (
    *NAMED.values(), "AfH6SNcanary-09", "eyJjYW5hcnkiOjEwfQ", "AIzaSyCanary11", "canary12canary", "0gCanary13",
    "canary-14-opaque", "canary-15-opaque", "MIIcanary16", "canary-17-refresh", "canary-18-client", "canary-19-key",
    "Y2FuYXJ5LTIwOmNhbmFyeQ",
)  # fmt: skip


def crash(messages: tuple[str, ...]) -> BaseException:
    """The secrets in messages, in causes, in notes and in local variables."""
    local = list(CORES)
    try:
        try:
            raise ValueError(f"inner: {messages[0]} {len(local)}")
        except ValueError as inner:
            error = RuntimeError("\n".join(messages))
            error.add_note(f"note: {messages[-1]}")
            raise error from inner
    except RuntimeError as found:
        return found


def test_twenty_canaries() -> None:
    assert len(CORES) == 20


@pytest.mark.parametrize("where", ["one by one", "together"])
def test_no_canary_is_in_the_report(tmp_path: Path, where: str) -> None:
    texts = (*NAMED.values(), *SHAPED)
    for messages in [(text,) for text in texts] if where == "one by one" else [texts]:
        report = write_report(tmp_path, crash(messages), NAMED).read_text()
        assert "RuntimeError" in report
        assert "test_crash.py" in report
        assert not [core for core in CORES if core in report]


def test_ordinary_words_stay() -> None:
    said = "create gs://bucket: the token of the page was refused, basic access is off, bearer missing"
    assert without_secrets(said, {"PATH": "/usr/bin", "TOKEN": "x"}) == said


def test_two_reports_in_one_second_are_two_files(tmp_path: Path) -> None:
    assert len({write_report(tmp_path, ValueError("x"), {}) for _ in range(3)}) == 3
