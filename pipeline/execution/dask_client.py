"""The link to a dask.distributed scheduler: reaching it, counting its workers, noticing their loss."""

import asyncio
import logging
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from pipeline.errors import ClusterError

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["WorkerPool", "connected"]

ANSWER_S = 10.0
"""How long a scheduler may take to answer before it counts as lost."""
REFRESH_S = 2.0
"""How often the workers are counted, so that those that joined get work."""
FIRST_REFRESH_S = 0.2
"""How often while the first is waited for."""


@contextmanager
def connected(scheduler: str) -> Iterator["Client"]:
    """A client of the scheduler at that address; ClusterError where there is none."""
    try:
        from distributed import Client
    except ImportError as error:
        raise ClusterError("dask.distributed is missing; install smearcount[cluster]") from error
    with _no_chatter(), ThreadPoolExecutor(1) as aside:
        try:
            # A loop of its own, for there may be one in this thread, as in a notebook.
            aside.submit(asyncio.run, _handshake(scheduler)).result()
            client = Client(scheduler, timeout=ANSWER_S, set_as_default=False)
        except Exception as error:  # what listens at a wrong port may answer anything
            raise ClusterError(
                f"{scheduler!r}: no scheduler answers, expected the address of a running `dask scheduler` "
                "such as tcp://host:8786; start it, or mend the address, the firewall or the certificates"
            ) from error
        try:
            yield client
        finally:
            with suppress(TimeoutError):  # of a scheduler that does not answer the goodbye
                client.close(timeout=ANSWER_S)


async def _handshake(scheduler: str) -> None:
    """Shake hands, within a time that dask itself does not set for them."""
    from distributed import Security
    from distributed.comm.core import connect

    arguments = Security().get_connection_args("client")
    comm = await asyncio.wait_for(connect(scheduler, timeout=ANSWER_S, **arguments), ANSWER_S)
    await comm.close()


@contextmanager
def _no_chatter() -> Iterator[None]:
    """Keep dask's client from writing to stderr what is reported here or redone by another worker."""
    log = logging.getLogger("distributed.client")
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(level)


class WorkerPool:
    """The worker processes there are, counted now and then.

    Attributes
    ----------
    processes : at the last count.
    is_lost : the scheduler is gone; nothing more can be asked of it.
    """

    def __init__(self, client: "Client", scheduler: str, patience_s: float) -> None:
        self._client = client
        self._scheduler = scheduler
        self._patience_s = patience_s
        self._seen_s = self._refreshed_s = time.monotonic()
        self.processes = 0
        self.is_lost = False

    def gather(self) -> None:
        """Wait for the first worker, and see that all there are, and the scheduler, have this smearcount."""
        self.refresh()
        while self.processes == 0:
            time.sleep(FIRST_REFRESH_S)
            self.refresh()
        here = version("smearcount")
        for place, there in self._installed().items():
            if isinstance(there, PackageNotFoundError) or (isinstance(there, str) and there != here):
                found = f"smearcount {there}" if isinstance(there, str) else "no smearcount"
                raise ClusterError(
                    f"{place} has {found}, expected {here} as here; "
                    "install the same requirements on every machine"
                )

    def _installed(self) -> dict[str, object]:
        """Version of smearcount in each place, readable by any Python; the run state checks the rest."""
        try:
            scheduler = self._client.run_on_scheduler(version, "smearcount")
        except PackageNotFoundError as error:
            scheduler = error
        workers = self._client.run(version, "smearcount", on_error="return")
        return {f"scheduler {self._scheduler}": scheduler} | {
            f"worker {address}": there for address, there in workers.items()
        }

    def refresh_if_due(self) -> None:
        """Count the workers anew where the last count is old."""
        if time.monotonic() - self._refreshed_s > REFRESH_S:
            self.refresh()

    def refresh(self) -> None:
        """Count the workers; ClusterError where the scheduler is gone, or there was none for too long."""
        try:
            self.processes = len(self._client.nthreads(callback_timeout=ANSWER_S))
        except (OSError, ValueError, RuntimeError, AttributeError) as error:
            raise self.lost() from error
        self._refreshed_s = time.monotonic()
        if self.processes:
            self._seen_s = self._refreshed_s
        elif self._refreshed_s - self._seen_s > self._patience_s:
            raise ClusterError(
                f"{self._scheduler} had no worker for {self._patience_s:.0f} s, expected at least one; "
                f"start `dask worker {self._scheduler} --nthreads 1` on the machines that are to count"
            )

    def lost(self) -> ClusterError:
        """The error where the scheduler went away."""
        self.is_lost = True
        return ClusterError(
            f"{self._scheduler}: the scheduler was lost while it was needed; start it and its workers again, "
            "then the count"
        )
