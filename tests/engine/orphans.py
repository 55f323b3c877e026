"""Orphans of each kind, planted through an embedded cloud's own APIs: ours by each mark, others' beside them.

`Ask` sends one request and gives the answer's JSON: over HTTP to a process, or to a cloud in this one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from saxtui.adapters.google.leftovers import collections
from saxtui.model.deployment import Deployment

Json = dict[str, Any]
Ask = Callable[[str, str, Json | None], Json]
ROLE = "roles/storage.admin"


@dataclass(frozen=True)
class Planted:
    """Resources as the receipt names them: `ours` must go, `like` must be listed and stay, `theirs` stays unsaid."""

    ours: tuple[str, ...]
    like: tuple[str, ...]
    theirs: tuple[str, ...]


def plant(ask: Ask, wanted: Deployment) -> Planted:
    """For a deployment that is up: of each kind of Compute Engine one row by each mark that proves it ours, one that
    only looks like ours, and one of somebody else's; and the service account deleted by hand under its bindings.
    """
    project, name = f"projects/{wanted.project}", wanted.cluster.name
    uid = str(ask("GET", f"/v1/{project}/locations/{wanted.region}/clusters/{name}", None)["id"])
    ours, like, theirs = [], [], []
    for kind, path in collections(wanted.region, wanted.zone).items():
        base = f"/compute/v1/{project}/{path}"
        stem = f"gke-{name}-{uid[:8]}"
        rows = [{"name": f"{stem}-{kind}"[:60]}, {"name": f"x{kind[:8]}-told", "description": f"made for {uid}"}]
        if kind in ("disk", "forwarding-rule", "address"):
            rows.append({"name": f"x{kind[:8]}-labelled", "labels": {"saxtui-deployment": wanted.id}})
        if kind == "firewall-rule":
            rows.append({"name": "x-tagged", "targetTags": [f"{stem}-node"]})
        strangers = [{"name": f"gke-{name}-ffffffff-{kind}"[:60]}, {"name": f"their-{kind}"[:60]}]
        for row in (*rows, *strangers):
            ask("POST", base, row)
        ours += [f"{kind} {row['name']}" for row in rows]
        like.append(f"{kind} {strangers[0]['name']}")
        theirs.append(f"{kind} {strangers[1]['name']}")
    bindings = _account_deleted(ask, wanted)
    return Planted((*ours, bindings[0]), (*like, bindings[1]), tuple(theirs))


def _account_deleted(ask: Ask, wanted: Deployment) -> tuple[str, str]:
    """Somebody deletes our account while it is bound on the project; an older one of the name was there before."""
    email = wanted.service_account_email
    policy_of = f"/v3/projects/{wanted.project}"
    unique = ask("GET", f"/v1/projects/{wanted.project}/serviceAccounts/{email}", None)["uniqueId"]
    older = f"deleted:serviceAccount:{email}?uid=111"
    policy = ask("POST", f"{policy_of}:getIamPolicy", {})
    policy["bindings"].append({"role": ROLE, "members": [older]})
    ask("POST", f"{policy_of}:setIamPolicy", {"policy": policy})
    ask("DELETE", f"/v1/projects/{wanted.project}/serviceAccounts/{email}", None)
    where = f"{ROLE} on project {wanted.project} for "
    return f"{where}deleted:serviceAccount:{email}?uid={unique}", where + older


def left(ask: Ask, wanted: Deployment) -> set[str]:
    """Everything of those kinds that there is now, as the receipt would name it."""
    found = set()
    for kind, path in collections(wanted.region, wanted.zone).items():
        rows = ask("GET", f"/compute/v1/projects/{wanted.project}/{path}", None).get("items", [])
        found |= {f"{kind} {row['name']}" for row in rows}
    policy = ask("POST", f"/v3/projects/{wanted.project}:getIamPolicy", {})
    for binding in policy["bindings"]:
        for member in binding["members"]:
            if member.startswith("deleted:"):
                found.add(f"{binding['role']} on project {wanted.project} for {member}")
    return found


def told(planted: Planted, receipt: Json) -> None:
    """What the receipt says of them. Raises AssertionError."""
    rows = {row["resource"]: row for row in receipt["resources"]}
    for name in planted.ours:
        assert rows[name]["state"] == "gone", rows[name]
        assert "twice" in rows[name]["proof"], rows[name]
    for name in planted.like:
        assert rows[name]["state"] == "not ours, left alone", rows[name]
    assert not set(planted.theirs) & set(rows), "of what is plainly somebody else's nothing is said"
    assert receipt["clean"] is True
