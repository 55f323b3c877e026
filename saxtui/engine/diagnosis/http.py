"""The HTTP server and its Service: away, blocked, wrong answers, no address, open to all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

from saxtui.engine.diagnosis.case import HTTP, SERVICE, Case, Heard, told_by
from saxtui.engine.diagnosis.rule import Finding, Rule
from saxtui.model.deployment import Exposure
from saxtui.model.diagnosis import Action, Certainty, Clue, Gravity

_PATIENCE = 60.0
_RECENT = 600.0


def _last(case: Case) -> Heard | None:
    """The last answer, if it was bad and not long ago; an answer that came since makes it history."""
    asked = [item for item in case.heard if item.what != "canary"]
    last = asked[-1] if asked else None
    return last if last is not None and not last.ok and case.now - last.at < _RECENT else None


def away(case: Case) -> Iterator[Finding]:
    """Nobody wants an HTTP server: no chat, no publish."""
    if "Deployment" in case.view.hidden or not case.view.seen or not case.up:
        return
    found = case.view.deployments.get(HTTP)
    made = case.step_done("http-server")
    if found is not None and found.wanted == 0:
        yield Finding(
            "the HTTP server is scaled to 0: no chat and no publish",
            (Clue(f"deployment/{HTTP}", "spec.replicas: 0"),),
            Action(
                "scale it back to 1", f"kubectl -n {case.deployment.namespace} scale deployment/{HTTP} --replicas=1"
            ),
        )
    elif found is None and made is not None:
        yield Finding(
            "the HTTP server's Deployment is gone: no chat and no publish",
            (Clue("journal", "http-server was made", made), Clue(f"deployment/{HTTP}", "not there")),
            Action("make it again", f"saxtui up -d {case.name}"),
        )


def no_service(case: Case) -> Iterator[Finding]:
    """The Service is gone."""
    made = case.step_done("http-server")
    if made is not None and case.view.seen and SERVICE not in case.view.services and case.up:
        yield Finding(
            f"Service {SERVICE} is gone: the HTTP server cannot be reached",
            (Clue("journal", "http-server was made", made), Clue("services", ", ".join(case.view.services) or "none")),
            Action("make it again", f"saxtui up -d {case.name}"),
        )


def one_at_a_time(case: Case) -> Iterator[Finding]:
    """The old server answers one request at a time, and one does not end."""
    old = not re.search(r":v1\.[2-9]|:nightly", case.deployment.images.http)
    waits = [item for item in case.heard if not item.ok and item.waited >= _PATIENCE and case.now - item.at < _RECENT]
    if old and waits:
        item = waits[-1]
        yield Finding(
            "one request holds the HTTP server: v1.0.0 answers one at a time, all others wait behind it",
            (Clue(item.what, item.said or f"no answer for {item.waited:.0f} s", item.at),
             Clue(f"deployment/{HTTP}", f"image {case.deployment.images.http.rpartition('/')[2]}")),
            Action("restart it: the request is lost, models stay loaded",
                   f"kubectl -n {case.deployment.namespace} rollout restart deployment/{HTTP}"),
            certainty=Certainty.FITS,
            since=item.at - item.waited,
        )  # fmt: skip


_KINDS = {
    "cell": (re.compile(r"is not a directory|no admin server has ever run|got an empty location"),
             "the HTTP server finds no cell in the bucket", "compare SAX_ROOT with the bucket; see the admin's log"),
    "dropped": (re.compile(r"dropped the connection|Server disconnected|RemoteProtocolError"),
                "the HTTP server drops the connection without an answer", "read its log: a traceback tells"),
    "garbled": (re.compile(r"not the Sax server's answer|not JSON|is not what|garbled|undecodable|too (?:large|long)",
                           re.IGNORECASE),
                "what answers is not the Sax server", "look who listens on port 8888 of that pod"),
    "sax": (re.compile(r"StatusNotOk|rpc error: code"),
            "Sax refuses the request", "read the words; the model server's log has more"),
}  # fmt: skip


def answers(case: Case, kind: str) -> Iterator[Finding]:
    """The last answer was of that kind."""
    last = _last(case)
    if last is None or next((name for name, (words, _, _) in _KINDS.items() if words.search(last.said)), "") != kind:
        return
    _, said, way_out = _KINDS[kind]
    yield Finding(
        said,
        (Clue(last.what, last.said, last.at),),
        Action(way_out, f"saxtui logs -d {case.name} {HTTP} --tail 30"),
        since=last.at,
    )


def no_address(case: Case) -> Iterator[Finding]:
    """The load balancer gets no address."""
    service = case.view.services.get(SERVICE)
    told = case.events("SyncLoadBalancerFailed", name=SERVICE, kind="Service")
    if service is not None and service.type == "LoadBalancer" and not service.address and told:
        yield Finding(
            "the load balancer gets no address; chat works through the API server meanwhile",
            (told_by(told[-1]), Clue(f"service/{SERVICE}", "status.loadBalancer: no address")),
            Action("ask for quota, or set exposure: private",
                   f"kubectl -n {case.deployment.namespace} describe service {SERVICE}"),
            Gravity.WARNING,
            since=told[0].first or told[0].at,
        )  # fmt: skip


def public(case: Case) -> Iterator[Finding]:
    """A public address, although the deployment says private."""
    service = case.view.services.get(SERVICE)
    meant = case.deployment.exposure
    if service is not None and service.type == "LoadBalancer" and meant not in (Exposure.EXTERNAL, Exposure.INTERNAL):
        where = service.address or "an address that is on its way"
        patch = """--type merge -p '{"spec":{"type":"ClusterIP"}}'"""
        yield Finding(
            f"the HTTP server is open through {where}: anybody may publish and prompt, without a password",
            (Clue(f"service/{SERVICE}", f"type: LoadBalancer, address {where}"),
             Clue("deployment file", f"exposure: {meant.value}")),
            Action("close it", f"kubectl -n {case.deployment.namespace} patch service {SERVICE} {patch}"),
            Gravity.WARNING,
        )  # fmt: skip


_DEEPER = (
    "http-away", "http-crash-loop", "admin-away", "admin-crash-loop", "admin-doubled", "identity-token",
    "identity-unmapped", "bucket-refused", "bucket-gone", "jobset-restarting", "mesh-hung", "api-unreachable",
)  # fmt: skip
RULES = (
    Rule("http-away", "There is no HTTP server", away),
    Rule("http-no-service", "The HTTP server's Service is gone", no_service),
    Rule("http-one-at-a-time", "One request holds the HTTP server", one_at_a_time, _DEEPER),
    Rule("http-no-cell", "The HTTP server finds no cell", partial(answers, kind="cell"), _DEEPER),
    Rule("http-drops", "The HTTP server drops connections", partial(answers, kind="dropped"), _DEEPER),
    Rule("http-garbled", "The answer is not the Sax server's", partial(answers, kind="garbled"), _DEEPER),
    Rule("http-refuses", "Sax refuses the request", partial(answers, kind="sax"), _DEEPER),
    Rule("balancer-pending", "The load balancer gets no address", no_address),
    Rule("balancer-public", "The HTTP server is public", public),
)
