"""Sax inside emulated clusters: the programs of the images sax-admin-server, sax-model-server and sax-http."""

from __future__ import annotations

from saxtui.emulator.kubernetes.proxy import register_backend
from saxtui.emulator.sax.admin import Admins
from saxtui.emulator.sax.chip_metrics import ChipMetrics
from saxtui.emulator.sax.client import SaxClient
from saxtui.emulator.sax.http_server import HttpServers
from saxtui.emulator.sax.loading import Loading
from saxtui.emulator.sax.model_server import ModelServers
from saxtui.emulator.sax.ports import Ports
from saxtui.emulator.sax.processes import Processes
from saxtui.emulator.sax.saxutil import Saxutil
from saxtui.emulator.sax.slices import Slices
from saxtui.emulator.sax.status_page import StatusPages
from saxtui.emulator.waiting import Waiting
from saxtui.emulator.world import World


def install(world: World) -> None:
    """Let Sax run in every cluster of this world, and answer behind the API servers' proxies."""
    processes = Processes(world)
    slices = Slices(processes)
    admins = Admins(processes, slices, Loading(processes, slices))
    ModelServers(processes, slices, admins)
    waiting = Waiting(world)
    client = SaxClient(processes, slices, admins, waiting)
    Saxutil(processes, client)
    servers = HttpServers(processes, client, waiting)
    pages, chips = StatusPages(processes, slices, admins), ChipMetrics(processes, slices)
    register_backend(world, Ports(processes, servers, pages, chips).backend)
