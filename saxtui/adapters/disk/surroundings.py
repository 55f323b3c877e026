"""Where saxtui runs, read from the environment once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where saxtui runs.

    `emulated` is "" on the real cloud and "x60" on an embedded one; `default_project` comes from
    CLOUDSDK_CORE_PROJECT, GOOGLE_CLOUD_PROJECT or DEVSHELL_PROJECT_ID. `emulated_clock` is
    "REAL0:SIM0:SPEED" or "", `jobset_source` (URL or file, SHA-256), both "" when not given.
    """

    state_dir: str
    emulated: str
    default_project: str
    emulated_clock: str = ""
    jobset_source: tuple[str, str] = ("", "")


def read(environ: Mapping[str, str]) -> Surroundings:
    """The surroundings this environment describes."""
    clock = environ.get("SAXTUI_EMULATED_CLOCK", "")
    return Surroundings(
        state_dir=environ.get("SAXTUI_STATE", "") or _default_state_dir(environ),
        emulated=_emulated(environ, clock),
        default_project=next(
            (
                environ[name]
                for name in ("CLOUDSDK_CORE_PROJECT", "GOOGLE_CLOUD_PROJECT", "DEVSHELL_PROJECT_ID")
                if environ.get(name)
            ),
            "",
        ),
        emulated_clock=clock,
        jobset_source=(environ.get("SAXTUI_JOBSET_MANIFEST", ""), environ.get("SAXTUI_JOBSET_SHA256", "")),
    )


def _default_state_dir(environ: Mapping[str, str]) -> str:
    import platformdirs

    if environ.get("XDG_STATE_HOME"):
        return str(Path(environ["XDG_STATE_HOME"]) / "saxtui")
    return platformdirs.user_state_dir("saxtui", appauthor=False)


def _emulated(environ: Mapping[str, str], clock: str) -> str:
    if not clock and "127.0.0.1" not in environ.get("CLOUDSDK_API_ENDPOINT_OVERRIDES_CONTAINER", ""):
        return ""
    try:
        speed = float(clock.split(":")[2])
    except (IndexError, ValueError):
        speed = 1.0
    return f"x{speed:g}"
