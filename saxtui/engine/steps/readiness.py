"""Readiness: the HTTP server answers, its dialect is known, and every slice's primary has joined."""

from __future__ import annotations

from saxtui.engine.protocol.step import Look, Step, StepContext
from saxtui.engine.runs import manifests
from saxtui.errors import CallError
from saxtui.model.plan import StepKind
from saxtui.model.serving import Dialect
from saxtui.ports import ModelServer

_LIMIT = 600.0


class Readiness(Step):
    """Looks; makes nothing."""

    kind = StepKind.READINESS
    owns = False

    @property
    def resource(self) -> str:
        """What is looked at."""
        return f"service/{manifests.SERVICE} in {self.deployment.namespace}"

    async def wait(self, ctx: StepContext) -> str:
        """Until the HTTP server answers. That the primaries joined is the goal of the step before."""
        server = await self._server(ctx)
        dialect = Dialect.UNKNOWN

        async def look() -> Look:
            nonlocal dialect
            try:
                dialect = await server.probe()
            except CallError as error:
                return Look(False, f"the HTTP server does not answer yet: {error.problem.said}")
            return Look(dialect is not Dialect.UNKNOWN, "the HTTP server answers")

        try:
            await ctx.poll(look, limit=_LIMIT, tried="reach", target=self.resource)
        finally:
            await server.close()
        words = {Dialect.OLD: "v1.0.0's dialect", Dialect.NEW: "v1.2.0's dialect"}
        slices = self.deployment.slices.count
        return f"the HTTP server answers ({words.get(dialect, 'unknown dialect')}); {slices} slices ready for a model"

    async def _server(self, ctx: StepContext) -> ModelServer:
        # Through the Kubernetes API server whatever the exposure: that road needs no firewall and no public address.
        kubernetes = await ctx.connect()
        space = self.deployment.namespace
        return ctx.cloud.model_server(kubernetes, space, manifests.SERVICE, manifests.HTTP_PORT)
