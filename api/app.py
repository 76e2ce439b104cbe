"""Make the web service from its settings."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from api.access.guard import Access, Guard
from api.access.keys import read_keys
from api.access.origins import AllowedHosts
from api.access.tokens import Signer
from api.description import describe
from api.pages import STATIC, draw_problem, draw_refusal
from api.problems import install_problems
from api.routes import crops, health, login, pages, slides
from api.settings import ServiceSettings, read_settings
from api.state import ClassifyFiles, ServiceState, classify_with_network
from api.supervisor import Supervisor
from pipeline.jobs.counted import CountTask, count_named
from pipeline.jobs.data_folder import DataFolder
from pipeline.jobs.ledger import Ledger
from pipeline.settings import BatchSettings, CountSettings

__all__ = ["create_app"]


def create_app(
    settings: ServiceSettings | None = None,
    *,
    count: CountTask = count_named,
    classify: ClassifyFiles = classify_with_network,
) -> FastAPI:
    """The service as an ASGI app; it starts its worker process and ends it with its lifespan.

    Parameters
    ----------
    settings : None takes them from the environment.
    count : counts a slide in the worker process; a function at the top level of a module.
    classify : classifies single cells as infected or not, in a thread of this process.
    """
    chosen = settings or read_settings()
    access = Access(
        hosts=AllowedHosts.of(chosen.host, chosen.further_hosts),
        keys=read_keys(chosen.key_file),
        signer=Signer(),
    )
    app = FastAPI(
        title="smearcount",
        summary="Counts the infected red cells in photos of stained thin blood films. A research tool.",
        version="1",
        lifespan=_lifespan_of(chosen, access, count, classify),
        docs_url=None,  # these pages load scripts from the internet
        redoc_url=None,
        openapi_url="/v1/openapi.json",
        redirect_slashes=False,
    )
    install_problems(app, draw_problem)
    app.add_middleware(Guard, access=access, refuse=draw_refusal)
    for routes in (slides, crops, health, login, pages):
        app.include_router(routes.router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    describe(app, keys=bool(access.keys))
    return app


def _lifespan_of(
    settings: ServiceSettings, access: Access, count: CountTask, classify: ClassifyFiles
) -> Callable[[FastAPI], contextlib.AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        data = DataFolder(root=settings.data_dir.expanduser().resolve())
        data.create()
        data.sweep()
        ledger = Ledger(data.ledger)
        supervisor = Supervisor(
            data=data,
            ledger=ledger,
            settings=CountSettings(workers=settings.workers),
            count=count,
            limits=BatchSettings(
                time_limit_s=settings.slide_time_limit_s, memory_limit_mb=settings.slide_memory_limit_mb
            ),
        )
        app.state.service = ServiceState(
            settings=settings,
            access=access,
            data=data,
            ledger=ledger,
            supervisor=supervisor,
            classify=classify,
        )
        supervision = asyncio.create_task(supervisor.run(), name="supervisor")
        try:
            yield
        finally:
            supervision.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await supervision
            ledger.close()

    return lifespan
