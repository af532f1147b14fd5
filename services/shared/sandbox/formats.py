"""PRONOM ids of the formats that have one for each version: told by the first bytes, or by what a PDF says of itself.

The ids are those of The National Archives' register (DROID signature file V125); a test holds them against pygfried, which reads that register.
"""

from __future__ import annotations

import re

_PDF_HEADER = re.compile(rb"%PDF-(\d\.\d)")
_PDF = {
    b"1.0": "fmt/14",
    b"1.1": "fmt/15",
    b"1.2": "fmt/16",
    b"1.3": "fmt/17",
    b"1.4": "fmt/18",
    b"1.5": "fmt/19",
    b"1.6": "fmt/20",
    b"1.7": "fmt/276",
    b"2.0": "fmt/1129",
}
_PDF_A = {
    ("1", "A"): "fmt/95",
    ("1", "B"): "fmt/354",
    ("2", "A"): "fmt/476",
    ("2", "B"): "fmt/477",
    ("2", "U"): "fmt/478",
    ("3", "A"): "fmt/479",
    ("3", "B"): "fmt/480",
    ("3", "U"): "fmt/481",
}
PORTFOLIO = "fmt/1451"
"""A PDF that is a folder of files."""

_PART = re.compile(r"pdfaid:part\s*(?:=\s*[\"']|>)\s*(\d)")
_CONFORMANCE = re.compile(r"pdfaid:conformance\s*(?:=\s*[\"']|>)\s*([A-Za-z])")
_JFIF = {b"\x01\x00": "fmt/42", b"\x01\x01": "fmt/43", b"\x01\x02": "fmt/44"}
_MIME = re.compile(rb"^MIME-Version:", re.IGNORECASE | re.MULTILINE)


def closer_format(key: str, first_bytes: bytes, known: str | None) -> str | None:
    """The PRONOM id of a file of the policy's type `key`; `known` where its first bytes tell no more than the policy does."""
    if key == "pdf":
        header = _PDF_HEADER.search(first_bytes)
        return _PDF.get(header[1]) if header else None
    if key == "eml":
        return "fmt/950" if _MIME.search(first_bytes) else known
    if key == "jpg":
        if first_bytes[6:10] == b"Exif":
            return "fmt/645" if b"0220" in first_bytes else None
        return _JFIF.get(first_bytes[11:13]) if first_bytes[6:11] == b"JFIF\0" else None
    if key == "gif":
        return "fmt/3" if first_bytes.startswith(b"GIF87a") else known
    if key == "png":
        return "fmt/13" if b"iTXt" in first_bytes else "fmt/12" if b"iCCP" in first_bytes or b"sRGB" in first_bytes else known
    return known


def archival_pdf_format(metadata: str) -> str | None:
    """The PRONOM id of the PDF/A that a PDF says it is in its metadata (XMP), or None. Whether it keeps its word is for a validator."""
    part, conformance = _PART.search(metadata), _CONFORMANCE.search(metadata)
    return _PDF_A.get((part[1], conformance[1].upper())) if part and conformance else None
