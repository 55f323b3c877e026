"""The journal's format: one module a version, each bringing a file of the version before to its own.

A released version's module never changes again: tests migrate a file that the first release wrote through all of them.
"""

from __future__ import annotations

from saxtui.adapters.disk.journal_format import v1, v2

MIGRATIONS = (v1.migrate, v2.migrate)
"""In order: number n (from 1) makes a file of version n - 1 one of version n; version 0 is an empty file."""
