"""clamd as our virus scanner on this machine: its settings come from the policy, its signatures are our own.

The official signatures need a gigabyte of memory and a mirror; they belong to ``deploy/``. What runs here knows the EICAR test file and a marker of this project: enough
to prove every way a file can take. ``known`` bytes are put together at run time, so that no file of the project contains them.
"""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import Final

from services.command.servers.ports import kept_ports
from services.command.servers.process import ServerMissing, ServerProcess
from services.shared.clamd import ClamdScanner, longest_stream
from services.shared.sandbox import Policy

_PROGRAM: Final = "/usr/sbin/clamd"


def eicar() -> bytes:
    """The test file that every scanner knows (eicar.org)."""
    # Joined, not added: the compiler would add the parts up and write the whole into its cache on disk.
    return b"-".join([b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR", b"STANDARD", b"ANTIVIRUS", b"TEST", b"FILE!$H+H*"])


def marker() -> bytes:
    """Bytes that our own signature calls infected, wherever in a file they stand."""
    return b"-".join([b"MOTTAK", b"SKADELIG", b"MERKE", b"4f1c7d9e"])


def policy_settings(policy: Policy) -> dict[str, str | int]:
    """What ``clamd.conf`` says of how far clamd looks, wherever it runs. Whatever it gives up on must be told (``Alert...``), since by default it calls that OK."""
    largest = longest_stream(policy)
    return {
        "ConcurrentDatabaseReload": "no",
        "ExitOnOOM": "yes",
        "MaxThreads": 8,
        "MaxQueue": 32,
        "ReadTimeout": 60,
        "CommandReadTimeout": 30,
        "StreamMaxLength": largest,
        "MaxFileSize": largest,
        "MaxScanSize": max(largest, policy.opening.unpacked_bytes),
        "MaxScanTime": policy.limits.scan_seconds * 1000,
        "AlertExceedsMax": "yes",
        "AlertEncrypted": "yes",
        "AlertEncryptedArchive": "yes",
        "AlertEncryptedDoc": "yes",
        "AlertOLE2Macros": "yes",
    }


def configuration(policy: Policy, folder: Path, port: int) -> str:
    """``clamd.conf`` of a clamd with our own signatures in ``folder``, on this machine only."""
    settings = {
        "Foreground": "yes",
        "TCPAddr": "127.0.0.1",
        "TCPSocket": port,
        "DatabaseDirectory": folder / "signatures",
        "TemporaryDirectory": folder / "temporary",
        "PidFile": folder / "clamd.pid",
        "OfficialDatabaseOnly": "no",
        **policy_settings(policy),
    }
    return "".join(f"{name} {value}\n" for name, value in settings.items())


def signatures() -> dict[str, str]:
    """Our small database by file name: EICAR by its digest and by its body, the marker by its body (ClamAV's formats .hsb, .ndb and .ldb).

    And what clamd does not tell by itself: an Office package under a password is a compound file with this one stream ([MS-OFFCRYPTO] 2.3.4).
    """
    known = eicar()
    sealed = "EncryptedPackage".encode("utf-16-le").hex()
    return {
        "mottak.hsb": f"{hashlib.sha256(known).hexdigest()}:{len(known)}:Mottak.Eicar.Digest\n",
        "mottak.ndb": f"Mottak.Eicar.Body:0:*:{known.hex()}\nHeuristics.Encrypted.OfficePackage:2:*:{sealed}\n",
        "mottak.ldb": f"Mottak.Marker;Engine:51-255,Target:0;0;{marker().hex()}\n",
    }


def program() -> str:
    """Where clamd is. Raises ServerMissing."""
    found = shutil.which("clamd") or (_PROGRAM if Path(_PROGRAM).exists() else None)
    if found is None:
        raise ServerMissing("clamd is not on this machine (on Debian: apt-get install --no-install-recommends clamav-daemon)")
    return found


class Clamd:
    """A clamd of our own. The same folder brings back its port, unless another took it."""

    def __init__(self, folder: Path, policy: Policy) -> None:
        self.folder, self._policy = folder, policy
        for part in ("signatures", "temporary"):
            (folder / part).mkdir(parents=True, exist_ok=True, mode=0o700)
        self.port = kept_ports(folder / "ports.json", ["clamd"])["clamd"]
        for name, text in signatures().items():
            (folder / "signatures" / name).write_text(text)
        (folder / "clamd.conf").write_text(configuration(policy, folder, self.port))
        self.process = ServerProcess("clamd", [program(), "-c", str(folder / "clamd.conf")], folder, ready=self.scanner().answers)

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self.process.pid

    @property
    def address(self) -> str:
        """``host:port``, as the settings name it."""
        return f"127.0.0.1:{self.port}"

    def scanner(self) -> ClamdScanner:
        """A scanner on this server."""
        return ClamdScanner(self.address, longest_stream=longest_stream(self._policy))

    def start(self, *, seconds: float = 30.0) -> None:
        """Start it and wait until it answers. Raises NotStarted."""
        for left_over in (self.folder / "temporary").iterdir():
            shutil.rmtree(left_over) if left_over.is_dir() else left_over.unlink()
        self.process.start(seconds=seconds)

    def stop(self) -> None:
        """Stop it cleanly."""
        self.process.stop(seconds=10)
