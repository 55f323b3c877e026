"""The Google APIs of the embedded cloud, as pure functions from a request to an answer over the World."""

from __future__ import annotations

from saxtui.emulator.google.api import GoogleApi, install

__all__ = ["GoogleApi", "install"]
