"""Kinds of file by their first bytes, whatever their name says, and a way out of those that are not read."""

from typing import Literal

__all__ = ["EXPECTED", "SIGNATURE_BYTES", "ContentKind", "kind_of", "why_not"]

ContentKind = Literal["JPEG", "PNG", "WebP", "BMP", "TIFF", "AVIF", "HEIC", "JPEG 2000", "DICOM"]

SIGNATURE_BYTES = 512
EXPECTED = "expected a JPEG, PNG, WebP, BMP, TIFF, AVIF or JPEG 2000 picture or a whole-slide scan"

_TIFF_SIGNATURES = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")
_JPEG_2000_SIGNATURES = (b"\x00\x00\x00\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51\x00")
_AVIF_BRANDS = frozenset({b"avif", b"avis"})
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"heif", b"mif1", b"msf1"})
_DICOM_AT = 128  # DICOM PS3.10, 7.1: a preamble of this many bytes

_AS_PICTURES = "export each field from the microscope's program as TIFF or PNG, one folder a slide"
_UNPACK = "unpack it and hand in the photos in a folder"
_AS_PHOTO = "export it as PNG, TIFF or JPEG"
_STILLS = "take single photos, in place of a film, and hand these in"
_OTHERS: tuple[tuple[int, bytes, str, str], ...] = (
    (0, b"GIF8", "a GIF, whose 256 colours hide parasites", _AS_PICTURES),
    (0, b"ZISRAWFILE", "a Zeiss CZI file", _AS_PICTURES),
    (0, b"\xda\xce\xbe\x0a", "a Nikon ND2 file", _AS_PICTURES),
    (0, b"\x70\x00\x00\x00", "a Leica LIF file", _AS_PICTURES),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Olympus OIB, Zeiss ZVI or Office file", _AS_PICTURES),
    (0, b"\x89HDF\r\n\x1a\n", "an HDF5 (Imaris) file", _AS_PICTURES),
    (8, b"AVI ", "an AVI film", _STILLS),
    (4, b"ftyp", "an MP4 or QuickTime film", _STILLS),
    (0, b"\x1aE\xdf\xa3", "a Matroska or WebM film", _STILLS),
    (0, b"%PDF", "a PDF document", "hand in the photos that it was made from"),
    (0, b"PK\x03\x04", "a ZIP archive or an Office document", _UNPACK),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive", _UNPACK),
    (0, b"Rar!", "a RAR archive", _UNPACK),
    (0, b"\x1f\x8b", "a gzip file", _UNPACK),
    (0, b"8BPS", "a Photoshop file", _AS_PHOTO),
    (0, b"\xff\x0a", "a JPEG XL picture", _AS_PHOTO),
    (0, b"\x00\x00\x00\x0cJXL ", "a JPEG XL picture", _AS_PHOTO),
    (0, b"II\xbc", "a JPEG XR picture", _AS_PHOTO),
    (0, b"<svg", "a drawing (SVG)", "hand in photos"),
    (0, b"\x93NUMPY", "a NumPy array", "save it as an 8-bit RGB TIFF"),
)  # fmt: skip


def kind_of(start: bytes) -> ContentKind | None:
    """Kind of picture or slide that begins so; None where it is none that can be read."""
    if start.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if start.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if start.startswith(b"RIFF") and start[8:12] == b"WEBP":
        return "WebP"
    if start.startswith(_TIFF_SIGNATURES):
        return "TIFF"
    if start[4:8] == b"ftyp" and start[8:12] in _AVIF_BRANDS | _HEIC_BRANDS:
        brands = start[8 : int.from_bytes(start[:4], "big")]
        return "AVIF" if any(brand in brands for brand in _AVIF_BRANDS) else "HEIC"
    if start.startswith(_JPEG_2000_SIGNATURES):
        return "JPEG 2000"
    if start[_DICOM_AT : _DICOM_AT + 4] == b"DICM":
        return "DICOM"
    return "BMP" if start.startswith(b"BM") else None


def why_not(start: bytes) -> str:
    """What a file that begins so is, what was expected, and a way out; a HEIC needs an extra to be read."""
    if not start:
        return f"is empty (0 bytes); {EXPECTED}; copy the file again"
    if kind_of(start) == "HEIC":
        way_out = 'export it as JPEG (on an iPhone: Settings, Camera, Formats, "Most Compatible")'
        return f"is a HEIC picture; {EXPECTED}; {way_out}, or pip install smearcount[heic]"
    for place, signature, name, way_out in _OTHERS:
        if start[place : place + len(signature)] == signature:
            return f"is {name}; {EXPECTED}; {way_out}"
    if not any(start):
        return f"holds nothing but zeros; {EXPECTED}; copy the file again"
    return f"is not a picture (it starts with {_legible(start[:16])}); {EXPECTED}; export it as JPEG or TIFF"


def _legible(start: bytes) -> str:
    """First bytes of a file as their text, or in hexadecimal where they are none."""
    text = " ".join(start.decode("utf-8", "replace").split())
    return f'"{text}"' if text.isprintable() and "\ufffd" not in text and text else start.hex(" ")
