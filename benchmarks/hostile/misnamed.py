"""Files of other formats under the names of pictures: archives, documents, films, raw photos, data."""

import gzip
import io
import struct
import tarfile
import zipfile

import numpy as np
from PIL import Image

from benchmarks.hostile.inputs import Inputs, Picture, held, saved

__all__ = ["misnamed"]

_HEADS: dict[str, bytes] = {
    "pdf": b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n",
    "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n",
    "html": b"<!DOCTYPE html><html><body><img src='a.png'></body></html>",
    "xml": b"<?xml version='1.0'?><a/>",
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>",
    "svg-xml": b"<?xml version='1.0'?>\n<svg xmlns='http://www.w3.org/2000/svg'/>",
    "json": b'{"a": [1, 2]}',
    "rtf": b"{\\rtf1 a}",
    "mp4": b"\0\0\0\x18ftypisom\0\0\2\0isomiso2mp41",
    "mov": b"\0\0\0\x14ftypqt  \0\0\2\0qt  ",
    "mkv": bytes.fromhex("1a45dfa3") + b"\x01\0\0\0\0\0\0\x1fmatroska",
    "avi": b"RIFF\x24\0\0\0AVI LIST",
    "wav": b"RIFF\x24\0\0\0WAVEfmt ",
    "mpeg": bytes.fromhex("000001ba4400040004"),
    "ogg": b"OggS\0\2",
    "mp3": b"ID3\4\0\0\0\0\0\0",
    "flv": b"FLV\1\5\0\0\0\t",
    "wmv": bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c"),
    "cr3": b"\0\0\0\x18ftypcrx \0\0\0\1crx isom",
    "raf": b"FUJIFILMCCD-RAW 0201",
    "x3f": b"FOVb\0\0\2\0",
    "mrw": b"\0MRM\0\0\1\0",
    "rw2": b"IIU\0\x18\0\0\0",
    "orf": b"IIRO\x08\0\0\0",
    "psd": b"8BPS\0\1\0\0\0\0\0\0\0\3",
    "xcf": b"gimp xcf file\0",
    "jxl": b"\xff\x0a\xfa\x7f",
    "jxr": b"II\xbc\1\x20\0\0\0",
    "exr": bytes.fromhex("762f310102000000"),
    "hdr": b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 10 +X 10\n",
    "dds": b"DDS \x7c\0\0\0",
    "icns": b"icns\0\0\1\0",
    "wmf": bytes.fromhex("d7cdc69a0000"),
    "emf": b"\1\0\0\0\x6c\0\0\0",
    "djvu": b"AT&TFORM\0\0\1\0DJVM",
    "fits": b"SIMPLE  =                    T / " + b" " * 50,
    "nifti": struct.pack("<i", 348),
    "nrrd": b"NRRD0004\ntype: uchar\n",
    "hdf5": b"\x89HDF\r\n\x1a\n",
    "netcdf": b"CDF\1\0\0\0\0",
    "mat": b"MATLAB 5.0 MAT-file, Platform: GLNXA64",
    "npy": b"\x93NUMPY\1\0v\0{'descr': '|u1', 'fortran_order': False, 'shape': (10, 10, 3), }\n",
    "parquet": b"PAR1\x15\x04",
    "sqlite": b"SQLite format 3\0",
    "elf": b"\x7fELF\2\1\1\0",
    "exe": b"MZ\x90\0\3\0\0\0",
    "script": b"#!/bin/sh\nexit 1\n",
    "7z": bytes.fromhex("377abcaf271c0004"),
    "rar": b"Rar!\x1a\7\1\0",
    "bzip2": b"BZh91AY&SY",
    "xz": bytes.fromhex("fd377a585a000004"),
    "zstd": bytes.fromhex("28b52ffd0458"),
    "lif": bytes.fromhex("70000000") + b"\x2a",
    "utf-16": "patient;count\r\n1;2\r\n".encode("utf-16"),
    "spaces": b" " * 3000,
    "one-byte": b"\xff",
    "two-bytes": b"\xff\xd8",
    "bm-text": b"BMW 320i is no bitmap, but this text begins like one.",
    "ii-text": b"II*\0 is no TIFF",
    "png-text": b"\x89PNG\r\n\x1a\n and that was all",
}
_NAMES = ("png", "jpg", "tif")


def misnamed(field: Picture) -> Inputs:
    """Heads of files, and whole ones that Python writes."""
    for number, (name, head) in enumerate(_HEADS.items()):
        yield held(f"{name}.{_NAMES[number % 3]}", head + bytes(range(256)) * 4, "refused")
    photo = saved(Image.fromarray(field), "PNG")
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("slide/a.png", photo)
    yield held("photos-in-zip.png", archive.getvalue(), "refused")
    for name, part in (
        ("docx", "word/document.xml"),
        ("xlsx", "xl/workbook.xml"),
        ("pptx", "ppt/presentation.xml"),
    ):
        office = io.BytesIO()
        with zipfile.ZipFile(office, "w") as packed:
            packed.writestr("[Content_Types].xml", "<Types/>")
            packed.writestr(part, "<a/>")
        yield held(f"{name}.jpg", office.getvalue(), "refused")
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as packed_tar:
        entry = tarfile.TarInfo("a.png")
        entry.size = len(photo)
        packed_tar.addfile(entry, io.BytesIO(photo))
    yield held("photos-in-tar.png", tar.getvalue(), "refused")
    yield held("photo-in-gzip.png", gzip.compress(photo), "refused")
    yield held("film.gif.png", saved(Image.fromarray(field), "GIF"), "refused")
    yield held("behind-text.png", b"\n" + photo, "refused")
    yield held("behind-html.jpg", b"<html>" + photo, "refused")
    yield held("before-zip.png", photo + archive.getvalue(), "same")
    arrays = io.BytesIO()
    np.save(arrays, field)
    yield held("array.tif", arrays.getvalue(), "refused")
