"""/v1/crops: classify pictures of single, pre-cut cells as infected or not."""

from fastapi import APIRouter, Request

from api.description import FIELD_PARAMETERS, PICTURE_BODY, problems
from api.intake import take_crops
from api.schemas import CropAnswer
from api.state import State
from pipeline.settings import UM_PER_PX_MAX, UM_PER_PX_MIN

__all__ = ["router"]

router = APIRouter(prefix="/v1/crops", tags=["crops"])

_FORM = {
    "schema": {
        "type": "object",
        "required": ["pictures"],
        "properties": {
            "pictures": {"type": "array", "items": {"type": "string", "format": "binary"}},
            "um_per_px": {"type": "number", "minimum": UM_PER_PX_MIN, "maximum": UM_PER_PX_MAX},
        },
    }
}
_BODY = {
    "parameters": FIELD_PARAMETERS,
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": _FORM,
            "image/*": PICTURE_BODY,
            "application/octet-stream": PICTURE_BODY,
        },
    },
}


@router.post("", openapi_extra=_BODY, responses=problems(400, 408, 413, 415, 422, 507))
async def classify_crops(request: Request, state: State) -> CropAnswer:
    """Classify one or more pictures at once; the answer keeps their order."""
    return CropAnswer(crops=await take_crops(request, state))
