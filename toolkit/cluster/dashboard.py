"""Dask's own dashboard, loaded when somebody opens it, and its address as the learner's browser must say it.

The dashboard is drawn by Bokeh, whose import takes as long as starting the whole cluster. So the scheduler's web
server starts with one small handler for the dashboard's pages; the first request for one of them loads the dashboard
beside it and sends the browser round again.
"""

import asyncio
import importlib
import os
from typing import Any

from tornado import web


def link(port: int) -> str:
    """The dashboard's address: through Jupyter on JupyterHub and Binder, directly on one's own machine."""
    prefix = os.environ.get("JUPYTERHUB_SERVICE_PREFIX")
    if prefix:
        return f"{prefix.rstrip('/')}/proxy/{port}/status"
    return f"http://127.0.0.1:{port}/status"


class _Loader(web.RequestHandler):
    """Loads the dashboard on the first request for one of its pages."""

    def initialize(self, scheduler: Any, stub: web.Application) -> None:
        self.scheduler, self.stub = scheduler, stub

    async def get(self) -> None:
        # The import runs in a thread: Dask's loop, which all workers report to, must not wait for it.
        module = "distributed.dashboard.scheduler"
        dashboard = await asyncio.get_running_loop().run_in_executor(None, importlib.import_module, module)
        applications = self.scheduler.http_application.applications
        if self.stub in applications:
            applications.remove(self.stub)
            dashboard.connect(self.scheduler.http_application, self.scheduler.http_server, self.scheduler)
        # Relative, so that it holds behind a proxy that has cut off the first part of the path.
        page = self.request.uri.rpartition("/")[2] if self.request.uri else ""
        self.redirect(page or "status")


def attach(scheduler: Any) -> None:
    """Give a running scheduler's web server a dashboard that loads on first use. Call on the scheduler's loop."""
    stub = web.Application()
    stub.add_handlers(".*$", [(r"/.*", _Loader, {"scheduler": scheduler, "stub": stub})])
    scheduler.http_application.add_application(stub)
