"""/v1/crops: classify pictures of single, pre-cut cells as infected or not."""

from fastapi import APIRouter, Request

from api.intake import take_crops
from api.schemas import CropAnswer
from api.state import State

__all__ = ["router"]

router = APIRouter(prefix="/v1/crops", tags=["crops"])

_FORM = {
    "schema": {
        "type": "object",
        "required": ["pictures"],
        "properties": {"pictures": {"type": "array", "items": {"type": "string", "format": "binary"}}},
    }
}
_PICTURE = {"schema": {"type": "string", "format": "binary"}}
_BODY = {"requestBody": {"required": True, "content": {"multipart/form-data": _FORM, "image/*": _PICTURE}}}


@router.post("", openapi_extra=_BODY)
async def classify_crops(request: Request, state: State) -> CropAnswer:
    """Classify one or more pictures at once; the answer keeps their order."""
    return CropAnswer(crops=await take_crops(request, state))
