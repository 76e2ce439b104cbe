"""What the routes work with: the settings, the ledger, the data folder, the classifier of crops."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from anyio import CapacityLimiter
from fastapi import Depends, Request

from api.access.guard import Access
from api.settings import ServiceSettings
from api.supervisor import Supervisor
from pipeline.jobs.data_folder import DataFolder
from pipeline.jobs.ledger import Ledger
from pipeline.settings import CountSettings

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ClassifyFiles", "ServiceState", "State", "classify_with_network"]

ClassifyFiles = Callable[[list[Path], CountSettings], "pd.DataFrame"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceState:
    """One running service.

    Attributes
    ----------
    access : who is let in.
    classify : classifies single cells as infected or not, as `pipeline.classify.classify_files` does.
    turn : lets one request at a time classify; the others wait without a thread.
    """

    settings: ServiceSettings
    access: Access
    data: DataFolder
    ledger: Ledger
    supervisor: Supervisor
    classify: ClassifyFiles
    turn: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(1))


def _state_of(request: Request) -> ServiceState:
    state = request.app.state.service
    if not isinstance(state, ServiceState):
        raise TypeError(f"app.state.service is {type(state).__name__}, expected ServiceState")
    return state


State = Annotated[ServiceState, Depends(_state_of)]


def classify_with_network(paths: list[Path], settings: CountSettings) -> "pd.DataFrame":
    """`pipeline.classify.classify_files`, imported with the first cell: the service starts without it."""
    from pipeline.classify import classify_files

    return classify_files(paths, settings)
