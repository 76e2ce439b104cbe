"""/v1/crops: classify pictures of single, pre-cut cells as infected or not."""

from fastapi import APIRouter, Request

from api.description import problems, upload_body
from api.intake import take_crops
from api.schemas import CropAnswer
from api.state import State

__all__ = ["router"]

router = APIRouter(prefix="/v1/crops", tags=["crops"])

_BODY = upload_body("pictures", {"type": "array", "items": {"type": "string", "format": "binary"}})


@router.post("", openapi_extra=_BODY, responses=problems(400, 408, 413, 415, 422, 507))
async def classify_crops(request: Request, state: State) -> CropAnswer:
    """Classify one or more pictures at once; the answer keeps their order."""
    return CropAnswer(crops=await take_crops(request, state))
