"""What every test gets: no way out of the machine, and a state directory of its own."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# The gate tries the same examples every time; HYPOTHESIS_PROFILE=default draws new ones.
settings.register_profile("gate", derandomize=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "gate"))

_OUTWARD = {"CLOUDSDK_", "GOOGLE_", "SAXTUI_", "DEVSHELL_", "KUBECONFIG", "CLOUD_SHELL", "STORAGE_EMULATOR"}


def _is_loopback(address: object) -> bool:
    if not isinstance(address, tuple):
        return True  # a Unix socket
    host = str(address[0])
    return host in {"localhost", "::1", ""} or host.startswith("127.")


@pytest.fixture(autouse=True)
def only_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection to anything but this machine fails the test."""
    real = socket.socket.connect

    def connect(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and not _is_loopback(address):
            raise AssertionError(f"a test tried to reach {address!r}")
        real(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)


@pytest.fixture(autouse=True)
def own_surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """No test sees the developer's cloud settings or saved deployments."""
    import os

    for name in list(os.environ):
        if any(name.startswith(prefix) for prefix in _OUTWARD):
            monkeypatch.delenv(name)
    state = tmp_path_factory.mktemp("saxtui-state")
    monkeypatch.setenv("SAXTUI_STATE", str(state))
    monkeypatch.setenv("GCE_METADATA_HOST", "127.0.0.1:9")
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    yield state
