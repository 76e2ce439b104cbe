"""/v1/health: whether the service works."""

from fastapi import APIRouter

from api.description import problems
from api.schemas import HealthAnswer
from api.state import State

__all__ = ["router"]

router = APIRouter(prefix="/v1/health", tags=["health"])


@router.get("", responses=problems())
def tell_health(state: State) -> HealthAnswer:
    """Whether a worker is alive, and how many slides wait."""
    worker = state.supervisor.pid is not None
    return HealthAnswer(status="ok" if worker else "no worker", worker=worker, waiting=state.ledger.waiting())
