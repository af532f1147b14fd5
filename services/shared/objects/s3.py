"""Objects in a bucket of any S3 (which server is the operator's choice): PUT and GET of one object by ``signed.py``, the rest through the ``minio`` SDK.

Requests are what a remote store costs, so they are few: a file up to PART_BYTES is one PUT, a small write one conditional PUT, a copy inside the server one PUT, and one
GET only where the server's answer does not prove what lies there now. Every wait has an end; what may be asked again safely is asked again with back-off and jitter.

Some of the SDK's methods used here begin with an underscore: it has no public way to an upload in parts of one part's memory. The lock file holds its version, and the
tests of parts and memory hold what we need of it.
"""

from __future__ import annotations

import hashlib
import tempfile
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO, Final, cast

import urllib3
from minio import Minio
from minio.datatypes import Part
from minio.error import MinioException, S3Error

from services.shared.objects.download import Download
from services.shared.objects.port import (
    CHUNK,
    Hashing,
    ObjectExists,
    ObjectMissing,
    Objects,
    ObjectsUnavailable,
    Readable,
    Stored,
    check_key,
)
from services.shared.objects.signed import BUSY, EMPTY_SHA256, Answer, Refused, SignedRequests, Unreachable, quoted

# The least S3 allows for a part, and so the least memory an upload can take; 10,000 parts reach far beyond the largest file of the policy.
PART_BYTES: Final = 5 * 1024 * 1024
# Copying a large object is one request that is answered when it is done.
_COPY_SECONDS: Final = 300.0
_CHECK_SECONDS: Final = 3.0
_CHECK_HOLDS_SECONDS: Final = 2.0
_MISSING: Final = ("NoSuchKey", "NoSuchObject")
_BEYOND_THE_END: Final = "InvalidRange"
# The second where two conditional writes of one key meet.
_EXISTS: Final = ("PreconditionFailed", "ConditionalRequestConflict")
# How long it holds that an object was there (``has``).
_HAS_SECONDS: Final = 10.0


class S3Objects:
    """The object port on one bucket, or on one prefix in it. One instance serves all threads of a process; make it after forking.

    ``endpoint``: ``host:port``. ``prefix``: without slash at its end. ``scratch``: where ``file`` puts what it fetches.
    ``answer_seconds``: how long the store may be silent before a request is given up (and asked again, at most twice).
    """

    def __init__(
        self,
        endpoint: str,
        bucket: str,
        access_key: str,
        secret_key: str,
        prefix: str = "",
        *,
        scratch: Path,
        secure: bool = True,
        region: str = "us-east-1",
        answer_seconds: float = 30.0,
    ) -> None:
        if prefix:
            check_key(prefix)
        self.server, self.bucket = (endpoint, access_key), bucket
        self._prefix = f"{prefix}/" if prefix else ""
        self._scratch = scratch
        self._pools: list[urllib3.PoolManager] = []

        def client(answer_seconds: float, *, tries: int = 4) -> Minio:
            pool = _pool(answer_seconds, tries)
            self._pools.append(pool)
            # A region that is given is never asked for.
            return Minio(endpoint, access_key, secret_key, secure=secure, region=region, http_client=pool)

        self._client, self._quick = client(answer_seconds), client(_CHECK_SECONDS, tries=1)
        address = self._client._base_url.build(method="PUT", region=region, bucket_name=bucket, object_name="-").geturl().removesuffix("-")
        self._requests = SignedRequests(address, region, access_key, secret_key, answer_seconds=answer_seconds)
        self._patient = SignedRequests(address, region, access_key, secret_key, answer_seconds=_COPY_SECONDS)
        self._well_until = 0.0
        self._had: dict[str, float] = {}

    def close(self) -> None:
        """Let go of all connections."""
        for pool in self._pools:
            pool.clear()
        self._requests.close()
        self._patient.close()

    def put(self, key: str, stream: Readable) -> Stored:
        """See Objects.put. Up to PART_BYTES are one request; more go up in parts, of which one at a time is held in memory."""
        name = self._name(key)
        taken = _Parts(stream)
        part = taken.next()
        if taken.ended:
            stored = taken.digests.stored()
            return replace(stored, tag=self._put(key, part, stored.sha256, {}))
        with self._asking(key):
            self._put_parts(name, part, taken)
        return taken.digests.stored()

    def _put_parts(self, name: str, part: bytearray, taken: _Parts) -> None:
        """The SDK's own steps, since its public method holds a part up to four times over."""
        upload = self._client._create_multipart_upload(self.bucket, name, {})
        try:
            sent: list[Part] = []
            while part:
                with memoryview(part)[:PART_BYTES] as data:
                    sent.append(Part(len(sent) + 1, self._client._upload_part(self.bucket, name, cast(bytes, data), None, upload, len(sent) + 1)))
                del part[:PART_BYTES]
                taken.next()
            self._client._complete_multipart_upload(self.bucket, name, upload, sent)
        except BaseException:
            # What cannot be given up now is given up by remove_unfinished.
            with suppress(MinioException, urllib3.exceptions.HTTPError):
                self._client._abort_multipart_upload(self.bucket, name, upload)
            raise

    def put_bytes(self, key: str, data: bytes, *, replaces: bytes | None = None) -> bool:
        """See Objects.put_bytes. Of several writers with different bytes exactly one wins, whichever process they are in."""
        sha256 = hashlib.sha256(data).hexdigest()
        try:
            self._put(key, data, sha256, {"if-none-match": "*"} if replaces is None else {"if-match": f'"{_plain_tag(replaces)}"'})
        except ObjectExists:
            # Also when our own first try arrived and only its answer was lost.
            there = self.read_bytes(key)
            if there == data:
                return False
            if there != replaces:
                raise
            # It is what it should be, under a tag that is not its MD5 (a store that encrypts): there is no condition this store could hold.
            self._put(key, data, sha256, {})
        return True

    def together(self) -> AbstractContextManager[None]:
        """See Objects.together: here each is durable by itself."""
        return nullcontext()

    def open(self, key: str, start: int = 0) -> BinaryIO:
        """See Objects.open. The stream can seek, which costs a request; broken off, it goes on where it was."""
        download = Download(lambda offset, unchanged: self._get(key, offset, unchanged), start)
        return cast(BinaryIO, download)

    def file(self, key: str) -> BinaryIO:
        """See Objects.file. It lies on the scratch disk without a name, and is gone when it is closed."""
        self._scratch.mkdir(parents=True, exist_ok=True)
        file = tempfile.TemporaryFile(dir=self._scratch)  # noqa: SIM115 - the caller closes it
        try:
            with self.open(key) as stream:
                while piece := stream.read(CHUNK):
                    file.write(piece)
            file.seek(0)
        except BaseException:
            file.close()
            raise
        return cast(BinaryIO, file)

    def read_bytes(self, key: str) -> bytes:
        """See Objects.read_bytes."""
        with self.open(key) as stream:
            return stream.read()

    def size(self, key: str) -> int | None:
        """See Objects.size."""
        name = self._name(key)
        try:
            with self._asking(key):
                return self._client.stat_object(self.bucket, name).size
        except ObjectMissing:
            return None

    def has(self, key: str) -> bool:
        """See Objects.has."""
        if time.monotonic() < self._had.get(key, 0.0):
            return True
        if self.size(key) is None:
            return False
        self._had[key] = time.monotonic() + _HAS_SECONDS
        return True

    def copy_from(self, source: Objects, source_key: str, key: str, known: Stored | None = None) -> Stored:
        """See Objects.copy_from. Inside one server the bytes do not travel: the server copies.

        Its answer is believed when it was to copy only what still had the tag of what we sent, and tells the same tag, an MD5, of the copy. Otherwise what lies there
        afterwards is read back.
        """
        if not isinstance(source, S3Objects) or source.server != self.server:
            with source.open(source_key) as stream:
                return self.put(key, stream)
        headers = {"x-amz-copy-source": quoted(f"{source.bucket}/{source._name(source_key)}")}
        if known is not None and known.tag is not None and "-" not in known.tag:  # a dash: tag of an upload in parts, which is no digest of the bytes
            try:
                if self._copy(source_key, key, headers | {"x-amz-copy-source-if-match": f'"{known.tag}"'}) == known.tag:
                    return known
            except ObjectExists:
                self._copy(source_key, key, headers)  # what lies there has another tag, perhaps after it was restored: its digests decide
        else:
            self._copy(source_key, key, headers)
        digests = Hashing()
        with self.open(key) as stream:
            while piece := stream.read(CHUNK):
                digests.update(piece)
        return digests.stored()

    def _copy(self, source_key: str, key: str, headers: Mapping[str, str]) -> str | None:
        with self._asking(source_key):
            return _tag(self._patient.put(self._name(key), b"", EMPTY_SHA256, headers))

    def list(self, prefix: str) -> Iterator[str]:
        """See Objects.list. A thousand keys for each request."""
        with self._asking(prefix):
            for found in self._client.list_objects(self.bucket, f"{self._prefix}{prefix}", recursive=True):
                if found.object_name is not None and not found.is_dir:
                    yield found.object_name.removeprefix(self._prefix)

    def delete(self, key: str) -> None:
        """See Objects.delete."""
        name = self._name(key)
        with self._asking(key):
            self._client.remove_object(self.bucket, name)

    def check(self) -> None:
        """See Objects.check: asks for the bucket, without patience. Asked for every submission, so that it was there holds for a moment."""
        if time.monotonic() < self._well_until:
            return
        with self._asking(self.bucket):
            if not self._quick.bucket_exists(self.bucket):
                raise ObjectsUnavailable(f"there is no bucket {self.bucket}")
        self._well_until = time.monotonic() + _CHECK_HOLDS_SECONDS

    def remove_unfinished(self, *, older_than: timedelta = timedelta(days=1)) -> int:
        """Give up uploads in parts that a killed process left; ``older_than`` must be longer than any upload takes. Returns how many."""
        before = datetime.now(UTC) - older_than
        with self._asking(self._prefix):
            found = self._client._list_multipart_uploads(self.bucket, prefix=self._prefix)
            old = [upload for upload in found.uploads if upload.initiated_time is not None and upload.initiated_time < before]
            for upload in old:
                self._client._abort_multipart_upload(self.bucket, upload.object_name, cast(str, upload.upload_id))
        return len(old)

    def _put(self, key: str, data: bytes | bytearray, sha256: str, conditions: Mapping[str, str]) -> str | None:
        """One PUT, and the tag it was given. The server compares what arrives with the digest (hex) and refuses anything else.

        It is sent twice over: some servers compare the payload's digest of the signature, some only this header (SeaweedFS 4.48).
        """
        checksum = b64encode(bytes.fromhex(sha256)).decode()
        with self._asking(key):
            return _tag(self._requests.put(self._name(key), data, sha256, {"x-amz-checksum-sha256": checksum, **conditions}))

    def _get(self, key: str, offset: int, unchanged: str | None) -> Answer | None:
        """The bytes from an offset on, of exactly the version with ETag ``unchanged``; None when the offset is at or beyond the end."""
        headers = {"if-match": f'"{unchanged}"'} if unchanged else {}
        if offset:
            headers["range"] = f"bytes={offset}-"
        try:
            with self._asking(key):
                return self._requests.get(self._name(key), headers)
        except _PastTheEnd:
            return None

    def _name(self, key: str) -> str:
        check_key(key)
        return f"{self._prefix}{key}"

    @contextmanager
    def _asking(self, key: str) -> Iterator[None]:
        """Faults of the SDK and the network as the port's own. What a stream that is being read raises passes as it is."""
        try:
            yield
        except (S3Error, Refused) as fault:
            if fault.code in _MISSING:
                raise ObjectMissing(key) from fault
            if fault.code == _BEYOND_THE_END:
                raise _PastTheEnd from fault
            if fault.code in _EXISTS:
                raise ObjectExists(key) from fault
            raise ObjectsUnavailable(f"the object store: {fault.code}") from fault
        except Unreachable as fault:
            raise ObjectsUnavailable(f"the object store: {fault}") from fault
        except (MinioException, urllib3.exceptions.HTTPError) as fault:
            raise ObjectsUnavailable(f"the object store: {type(fault).__name__}") from fault


def _tag(headers: Mapping[str, str]) -> str | None:
    return headers.get("etag", "").strip('"') or None


def _plain_tag(data: bytes) -> str:
    """The tag S3 gives to an object that was written in one piece and is not encrypted."""
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


class _PastTheEnd(Exception):
    """The range asked for begins where the object has ended."""


class _Parts:
    """A stream in parts, with digests of what passed. There is one buffer: whoever takes a part removes it from there."""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self._part = bytearray()
        self.ended = False
        self.digests = Hashing()

    def next(self) -> bytearray:
        """The buffer, filled to more than PART_BYTES (so that the last part is known as such), or to the end."""
        while not self.ended and len(self._part) <= PART_BYTES:
            piece = self._stream.read(CHUNK)
            self.ended = not piece
            self.digests.update(piece)
            self._part += piece
        return self._part


def _pool(answer_seconds: float, tries: int) -> urllib3.PoolManager:
    """Connections with an end to every wait. PUT, GET, HEAD and DELETE are asked again; POST (begin and complete an upload in parts) is not."""
    retries = urllib3.Retry(
        total=tries - 1,
        read=min(tries - 1, 2),
        backoff_factor=0.2,
        backoff_jitter=0.2,
        backoff_max=2.0,
        status_forcelist=BUSY,
        redirect=0,
        raise_on_status=False,
    )
    # urllib3 sends under the connect timeout: 10 seconds for one part.
    return urllib3.PoolManager(timeout=urllib3.Timeout(connect=min(10.0, answer_seconds), read=answer_seconds), maxsize=32, retries=retries)
