"""The object port: bytes by key, on a directory (embedded) or any S3."""

from services.shared.objects.directory import DirectoryObjects
from services.shared.objects.port import ObjectExists, ObjectMissing, Objects, ObjectsUnavailable, Stored

__all__ = ["DirectoryObjects", "ObjectExists", "ObjectMissing", "Objects", "ObjectsUnavailable", "Stored"]
