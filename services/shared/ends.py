"""Opens the stores and the scanner that the settings name."""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlsplit

from services.shared.objects import DirectoryObjects, Objects
from services.shared.sandbox import Policy
from services.shared.scanner import NoScanner, Scanner
from services.shared.settings import Settings

StoreName = Literal["objects", "archive"]


def open_objects(settings: Settings, name: StoreName) -> Objects:
    """What was received (``objects``) or the OCFL storage root (``archive``): a bucket when the settings name one, else a folder of the data folder."""
    url = settings.objects_url if name == "objects" else settings.archive_url
    if not url:
        return DirectoryObjects(settings.data / name)
    # Only here: on the embedded ends nobody pays for the SDK's imports.
    from services.shared.objects.s3 import S3Objects

    endpoint, bucket, prefix, secure = parse_bucket_url(url)
    return S3Objects(
        endpoint,
        bucket,
        settings.objects_access_key,
        settings.objects_secret_key,
        prefix,
        scratch=settings.data / "scratch",
        secure=secure,
        region=settings.objects_region,
    )


def parse_bucket_url(url: str) -> tuple[str, str, str, bool]:
    """``http(s)://host:port/bucket[/prefix]`` -> (host:port, bucket, prefix, whether TLS). Raises ValueError."""
    parts = urlsplit(url)
    bucket, _, prefix = parts.path.strip("/").partition("/")
    if parts.scheme not in ("http", "https") or not parts.hostname or not bucket or parts.username or parts.query or parts.fragment:
        raise ValueError("an object store is named by http(s)://host:port/bucket[/prefix], without keys in it")
    return parts.netloc, bucket, prefix, parts.scheme == "https"


def open_scanner(settings: Settings, policy: Policy) -> Scanner:
    """``none``, or clamd at an address: ``clamd:host:port`` or ``clamd:/path/of/its/socket``. Raises ValueError."""
    if settings.scanner == "none":
        return NoScanner()
    kind, _, address = settings.scanner.partition(":")
    if kind != "clamd" or not address:
        raise ValueError(f"no such scanner: {settings.scanner}")
    from services.shared.clamd import ClamdScanner, longest_stream

    return ClamdScanner(address, longest_stream=longest_stream(policy))
