"""Scans of scanner makers and DICOM files: whole, cut off, without what belongs to them, of another kind."""

import io
from typing import Any

import numpy as np
import pydicom
import tifffile
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from benchmarks.hostile.inputs import Inputs, Picture, held
from benchmarks.hostile.photos import with_gap

__all__ = ["scans", "svs"]

_ABOUT = "Aperio Image Library v11\n{0}x{1} [0,0 {0}x{1}] (128x128) -> {2}|AppMag = 40|MPP = 0.12"
_TILE = (128, 128)
_SM, _SLIDE = "SM", "1.2.840.10008.5.1.4.1.1.77.1.6"
_OTHERS = {
    "ct": ("CT", "1.2.840.10008.5.1.4.1.1.2"),
    "mr": ("MR", "1.2.840.10008.5.1.4.1.1.4"),
    "us": ("US", "1.2.840.10008.5.1.4.1.1.6.1"),
    "photo": ("XC", "1.2.840.10008.5.1.4.1.1.77.1.4"),
    "film": ("XC", "1.2.840.10008.5.1.4.1.1.77.1.4.1"),
    "report": ("SR", "1.2.840.10008.5.1.4.1.1.88.11"),
}
"""Modality and SOP class; DICOM PS3.6."""


def scans(field: Picture) -> Inputs:
    """Aperio, Hamamatsu, Leica, Ventana, 3DHISTECH, and DICOM."""
    yield from _aperio(field)
    yield from _by_name(field)
    yield from _dicom(field)


def _aperio(field: Picture) -> Inputs:
    whole = svs(field)
    yield held("whole.svs", whole, "same")
    yield held("as-tiff.tif", whole, "same")
    for kept in (0.2, 0.6, 0.95):
        yield held(f"kept-{kept}.svs", whole[: int(len(whole) * kept)], "told")
    yield held("less-1.svs", whole[:-1], "told")
    for place in (0.3, 0.6):
        yield held(f"gap-{place}.svs", with_gap(whole, place, 4000), "told")
    for compression in ("jpeg", "jpeg2000"):
        packed = svs(field, compression=compression)
        yield held(f"{compression}.svs", packed, "near" if compression == "jpeg" else "refused")
        yield held(f"{compression}-gap.svs", with_gap(packed, 0.5, 2000), "told")
    yield held("mpp-absurd.svs", svs(field, about=_ABOUT.replace("0.12", "1e9")), "same")
    yield held("about-empty.svs", svs(field, about="Aperio"), "any")
    yield held("no-tiles.svs", svs(field, tile=None), "any")


def _by_name(field: Picture) -> Inputs:
    """Files under a maker's name that are not what it says, or lack their folder."""
    memory = io.BytesIO()
    tifffile.imwrite(memory, field, photometric="rgb", tile=_TILE, compression="deflate")
    plain = memory.getvalue()
    for suffix in ("ndpi", "scn", "bif", "svs", "vms", "mrxs"):
        yield held(f"plain-tiff.{suffix}", plain, "any")
        yield held(f"nothing.{suffix}", b"", "refused")
        yield held(f"noise.{suffix}", np.random.default_rng(1).bytes(5000), "refused")
    vms = "[Virtual Microscope Specimen]\nNoLayers=1\nImageFile=gone.jpg\nMapFile=map.jpg\n"
    yield held("folder-gone.vms", vms.encode(), "refused")
    yield held("folder-gone.mrxs", b"\xff\xd8\xff\xe0" + bytes(2000), "refused")
    outside = vms.replace("gone.jpg", "../../../../etc/passwd")
    yield held("outside.vms", outside.encode(), "refused")
    xml = '<?xml version="1.0"?><scn xmlns="http://www.leica-microsystems.com/scn/2010/10/01"><collection'
    for name, about in (("cut", xml), ("empty", xml.replace("<collection", "/>"))):
        memory = io.BytesIO()
        tifffile.imwrite(memory, field, photometric="rgb", tile=_TILE, description=about, metadata=None)
        yield held(f"xml-{name}.scn", memory.getvalue(), "any")


def _dicom(field: Picture) -> Inputs:
    for name, (modality, kind) in _OTHERS.items():
        data = _dicom_file(field, modality, kind)
        yield held(f"{name}.dcm", data, "refused")
    yield held("ct-named.png", _dicom_file(field, *_OTHERS["ct"]), "refused")
    slide = _dicom_file(field, _SM, _SLIDE)
    for kept in (0.001, 0.3, 0.9):
        yield held(f"slide-kept-{kept}.dcm", slide[: int(len(slide) * kept)], "refused")
    yield held("head-only.dcm", bytes(128) + b"DICM", "refused")
    yield held("noise.dcm", bytes(128) + b"DICM" + np.random.default_rng(2).bytes(9000), "refused")


def svs(
    field: Picture, compression: str = "deflate", about: str = _ABOUT, tile: tuple[int, int] | None = _TILE
) -> bytes:
    """A field as a scan of Aperio, with a small picture of it."""
    height, width = field.shape[:2]
    given: dict[str, Any] = {"photometric": "rgb", "compression": compression, "metadata": None}
    if compression in {"jpeg", "jpeg2000"}:
        given["compressionargs"] = {"level": 95}
    memory = io.BytesIO()
    with tifffile.TiffWriter(memory) as file:
        file.write(field, description=about.format(width, height, compression), tile=tile, **given)
        small = np.ascontiguousarray(field[::4, ::4])
        file.write(small, photometric="rgb", description="Aperio thumbnail", metadata=None)
    return memory.getvalue()


def _dicom_file(field: Picture, modality: str, kind: str) -> bytes:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = kind
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data = FileDataset("", {}, file_meta=meta, preamble=bytes(128))
    data.SOPClassUID, data.SOPInstanceUID = kind, meta.MediaStorageSOPInstanceUID
    data.Modality, data.PatientName = modality, "A^B"
    data.StudyInstanceUID, data.SeriesInstanceUID = generate_uid(), generate_uid()
    if modality != "SR":
        data.Rows, data.Columns = field.shape[:2]
        data.SamplesPerPixel, data.PhotometricInterpretation, data.PlanarConfiguration = 3, "RGB", 0
        data.BitsAllocated = data.BitsStored = 8
        data.HighBit, data.PixelRepresentation = 7, 0
        data.PixelData = field.tobytes()
    memory = io.BytesIO()
    pydicom.dcmwrite(memory, data, enforce_file_format=True)
    return memory.getvalue()
