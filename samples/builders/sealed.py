"""Encrypted files, really encrypted: Office packages ([MS-OFFCRYPTO] 2.3.4, standard encryption) and PDF."""

from __future__ import annotations

import hashlib
import io
import struct
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, ByteStringObject

from samples.builders.compound import compound_file

_ROUNDS: Final = 50_000
_SALT: Final = hashlib.md5(b"fixed, so that samples are the same every time", usedforsecurity=False).digest()
_PROVIDER: Final = "Microsoft Enhanced RSA and AES Cryptographic Provider\0".encode("utf-16-le")


def encrypted_office(package: bytes, password: str = "hemmelig") -> bytes:  # noqa: S107 - to be known
    """An Office package under a password: a compound file with ``EncryptionInfo`` and ``EncryptedPackage``, as Word saves it."""
    key = _office_key(password)
    verifier = hashlib.md5(b"verifier", usedforsecurity=False).digest()
    proof = hashlib.sha1(verifier, usedforsecurity=False).digest()
    header = struct.pack("<8I", 0x24, 0, 0x660E, 0x8004, 128, 0x18, 0, 0) + _PROVIDER
    info = struct.pack("<HHII", 3, 2, 0x24, len(header)) + header
    info += struct.pack("<I", 16) + _SALT + _aes(key, verifier) + struct.pack("<I", 20) + _aes(key, proof.ljust(32, b"\0"))
    sealed = struct.pack("<Q", len(package)) + _aes(key, package + bytes(-len(package) % 16))
    return compound_file({"EncryptionInfo": info, "EncryptedPackage": sealed})


def encrypted_pdf(plain: bytes, password: str = "hemmelig") -> bytes:  # noqa: S107 - to be known
    """A PDF that asks for a password (RC4, 128 bits: the one kind that needs no random number)."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(plain)))
    writer._ID = ArrayObject([ByteStringObject(_SALT), ByteStringObject(_SALT)])
    writer.encrypt(password, algorithm="RC4-128")
    writer._ID[1] = ByteStringObject(_SALT)  # the second half was made anew from the time of day
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def _office_key(password: str) -> bytes:
    digest = hashlib.sha1(_SALT + password.encode("utf-16-le"), usedforsecurity=False).digest()
    for number in range(_ROUNDS):
        digest = hashlib.sha1(struct.pack("<I", number) + digest, usedforsecurity=False).digest()
    digest = hashlib.sha1(digest + struct.pack("<I", 0), usedforsecurity=False).digest()
    return hashlib.sha1(bytes(byte ^ 0x36 for byte in digest) + b"\x36" * 44, usedforsecurity=False).digest()[:16]


def _aes(key: bytes, data: bytes) -> bytes:
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305 - the format says so
    return encryptor.update(data) + encryptor.finalize()
