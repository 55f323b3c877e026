"""What a deleted service account leaves in policies: its bindings stay, under a name that nobody can use any more.

IAM renames the members of a deleted account to deleted:serviceAccount:EMAIL?uid=ID. Normally our bindings are removed
before the account; where somebody deleted the account by hand, or a policy could not be written, they are found here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from saxtui.engine.protocol.recorder import Recorder
from saxtui.engine.protocol.step import Json, Step, StepContext, backoff, patiently
from saxtui.engine.steps.binding import Binding, removed
from saxtui.errors import CallError, Conflict, NotFound, Problem
from saxtui.model.progress import Ownership, StepProgress
from saxtui.ports import PolicyTarget

PREFIX = "orphan-binding/"
KIND = "iam-binding"
_ATTEMPTS = 5
_BETWEEN = 3.0


async def sweep(ctx: StepContext, steps: Iterable[Step], recorder: Recorder) -> tuple[Problem, ...]:
    """Look through the policies we ever wrote to. Returns what could not be done. Raises Paused.

    Ours are the roles that we bound, for the account that we made, proved by its id; they are removed, and their
    absence is read twice. Others of an account of that name are journaled as FOREIGN and left.
    """
    account = ctx.run.step("service-account")
    if account.ownership is not Ownership.GONE:
        return ()
    problems = []
    for step in steps:
        if isinstance(step, Binding) and ctx.run.step(step.id).ownership is not Ownership.NONE:
            try:
                await _one(ctx, step, account.uid, recorder)
            except CallError as error:
                problems.append(_problem(step, error.problem))
    return tuple(problems)


async def _one(ctx: StepContext, step: Binding, uid: str, recorder: Recorder) -> None:
    for attempt in range(1, _ATTEMPTS + 1):
        policy = await _policy(ctx, step.where)
        found = list(stale(policy, ctx.deployment.service_account_email))
        ours = [
            (role, member) for role, member in found if uid and member.endswith(f"?uid={uid}") and role in step.roles
        ]
        await _note_others(step, [pair for pair in found if pair not in ours], recorder)
        if not ours:
            await _prove(ctx, step, recorder)
            return
        for role, member in ours:
            binding = _binding(step, role, member)
            if recorder.progress.step(binding.id).ownership is not Ownership.DELETING:
                await recorder.deleting(binding, uid)
        for _, member in ours:
            policy = removed(policy, tuple(role for role, other in ours if other == member), member)
        ctx.control.check()
        await patiently(ctx, ctx.lease.permit)
        ctx.lease.still()
        try:
            await ctx.cloud.identity.set_policy(step.where, policy)
        except Conflict as error:
            ctx.report(f"the policy changed meanwhile: {error.problem.said}")
            if attempt == _ATTEMPTS:
                raise
        await ctx.sleep(backoff(attempt))


def stale(policy: Json, email: str) -> Iterator[tuple[str, str]]:
    """(role, member) of every unconditional binding of a deleted account of that e-mail address. Pure."""
    for item in policy.get("bindings", []):
        for member in item.get("members", ()):
            if member.startswith(f"deleted:serviceAccount:{email}?uid=") and not item.get("condition"):
                yield str(item.get("role", "")), str(member)


async def _policy(ctx: StepContext, where: PolicyTarget) -> Json:
    try:
        return await patiently(ctx, lambda: ctx.cloud.identity.get_policy(where))
    except NotFound:
        return {}


async def _prove(ctx: StepContext, step: Binding, recorder: Recorder) -> None:
    """None of ours in the policy: read once more some seconds later, then what was being removed is GONE."""
    stem = _step(step, "", "")
    going = [
        known
        for known in recorder.progress.steps.values()
        if known.id.startswith(stem) and known.ownership is Ownership.DELETING
    ]
    if not going:
        return
    await ctx.sleep(_BETWEEN)
    again = {_step(step, *pair) for pair in stale(await _policy(ctx, step.where), ctx.deployment.service_account_email)}
    for known in going:
        if known.id not in again:
            await recorder.gone(known, "absent twice in the policy")


async def _note_others(step: Binding, found: list[tuple[str, str]], recorder: Recorder) -> None:
    for role, member in found:
        binding = _binding(step, role, member)
        if recorder.progress.step(binding.id).ownership is Ownership.NONE:
            said = "a binding of a deleted account of this name that is not proved ours: left as it is"
            await recorder.foreign(binding, said)


def _binding(step: Binding, role: str, member: str) -> StepProgress:
    """As the journal names it."""
    resource = f"{role} on {step.where.kind} {step.where.name} for {member}"
    return StepProgress(_step(step, role, member), kind=KIND, resource=resource)


def _step(step: Binding, role: str, member: str) -> str:
    return f"{PREFIX}{step.where.kind}/{step.where.name}/" + (f"{role}/{member}" if member else "")


def _problem(step: Binding, found: Problem) -> Problem:
    return Problem(
        tried="look for",
        target=f"bindings of a deleted account on {step.where.kind} {step.where.name}",
        said=found.said,
        next_step="get the permission to read and write its policy, then run down again",
        code=found.code,
        reason="ORPHANS",
    )
