"""Who we are towards Google Cloud: gcloud's environment conventions first, then application default credentials.

The token never leaves this module except as a header value; it is not logged and in no error's text.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from saxtui.errors import CallError, Problem, Unauthenticated, Unreachable
from saxtui.model.text import safe

_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_WAY_IN = "sign in: gcloud auth application-default login"


class Credentials:
    """Loads once, at first use, in the caller's thread. `load` and `fresh_token` block: call them off the loop."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._lock = threading.Lock()
        self._loaded: Any = None

    @property
    def account(self) -> str:
        """Who we are, as far as is known without asking anyone: an e-mail address or "unknown"."""
        named = self._environ.get("CLOUDSDK_CORE_ACCOUNT") or self._environ.get("USER_EMAIL")
        if named:
            return safe(named)
        for name in ("service_account_email", "account", "signer_email"):
            value = getattr(self._loaded, name, "")
            if isinstance(value, str) and "@" in value:
                return safe(value)
        return "unknown"

    def load(self) -> Any:
        """The google.auth credentials object. Raises Unauthenticated."""
        with self._lock:
            if self._loaded is None:
                self._loaded = self._find()
            return self._loaded

    def fresh_token(self) -> str:
        """A token that is valid now, "" when anonymous. Raises Unauthenticated, Unreachable."""
        from google.auth.exceptions import GoogleAuthError
        from google.auth.transport.requests import Request

        found = self.load()
        if getattr(found, "token", None) is None and not hasattr(found, "refresh"):
            return ""
        with self._lock:
            try:
                if not found.valid:
                    found.refresh(Request())
            except GoogleAuthError as error:
                raise auth_problem(error) from error
        return str(found.token or "")

    async def token(self) -> str:
        """`fresh_token` from the event loop."""
        return await asyncio.to_thread(self.fresh_token)

    def _find(self) -> Any:
        from google.auth.credentials import AnonymousCredentials
        from google.auth.exceptions import GoogleAuthError

        if self._environ.get("CLOUDSDK_AUTH_DISABLE_CREDENTIALS", "").lower() in {"true", "1", "yes"}:
            return AnonymousCredentials()
        token = self._environ.get("CLOUDSDK_AUTH_ACCESS_TOKEN", "")
        if token:
            return _given(lambda: token)
        path = self._environ.get("CLOUDSDK_AUTH_ACCESS_TOKEN_FILE", "")
        if path:
            return _given(lambda: _read_token(Path(path)))
        try:
            import google.auth

            return google.auth.default(scopes=[_SCOPE])[0]
        except GoogleAuthError as error:
            raise auth_problem(error) from error


def _read_token(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Unauthenticated(
            Problem(
                tried="read access token from",
                target=safe(path),
                said=safe(getattr(error, "strerror", "") or "not text"),
                next_step="write a token there, or unset CLOUDSDK_AUTH_ACCESS_TOKEN_FILE",
            )
        ) from error


def _given(read: Any) -> Any:
    """Credentials around a token that somebody else keeps fresh: read anew whenever one is asked for."""
    from google.auth.credentials import Credentials as Base

    class Given(Base):  # type: ignore[misc]
        """A token from the environment. It cannot be refreshed, only read again."""

        def refresh(self, request: Any) -> None:
            self.token = read()

        def before_request(self, request: Any, method: str, url: str, headers: Any) -> None:
            self.token = read()
            self.apply(headers)

    return Given()


def auth_problem(error: Exception) -> CallError:
    """A google.auth failure as Unauthenticated, or Unreachable when nobody could be asked."""
    from google.auth.exceptions import TransportError

    said = safe(str(error.args[0]) if error.args else type(error).__name__, 400)
    if isinstance(error, TransportError):
        return Unreachable(
            Problem(
                tried="get credentials",
                target="Google Cloud",
                said=said,
                next_step="check the network, then run the same command again",
            )
        )
    return Unauthenticated(
        Problem(tried="get credentials", target="Google Cloud", said=said, next_step=_WAY_IN, code="401")
    )
