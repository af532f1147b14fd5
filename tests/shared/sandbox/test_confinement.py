"""A child that was taken over can do nothing but open what it was given."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from services.shared.sandbox import Box, BoxUnavailable, Policy, landlock
from services.shared.sandbox.box import Opened
from tests.shared.sandbox.confined import deeds

_ALLOWED = {"write in own scratch folder", "read a module"}
_REFUSED = {"EPERM", "EACCES", "RuntimeError", "ValueError"}


def attempt(folder: Path, deed: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "tests.shared.sandbox.confined", str(folder), deed], capture_output=True, text=True, timeout=60, check=False
    )
    return done.stdout.strip() or done.stderr


@pytest.mark.parametrize("deed", sorted(deeds(0, Path())))
def test_a_confined_child_does_its_work_and_nothing_else(deed: str, tmp_path: Path) -> None:
    outcome = attempt(tmp_path, deed)
    if deed in _ALLOWED:
        assert outcome == "did it"
    else:
        assert outcome in _REFUSED
        assert (tmp_path / "other" / "file").read_bytes() == b"secret"


def test_the_zygote_has_no_secrets_and_no_descriptors_of_the_worker(policy: Policy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOTTAK_DATABASE_PASSWORD", "hemmelig")
    with (tmp_path / "database").open("wb") as inherited, Box(policy, tmp_path / "scratch") as box:
        os.set_inheritable(inherited.fileno(), True)
        process = Path(f"/proc/{box.zygote_pid}")
        assert b"hemmelig" not in (process / "environ").read_bytes()
        targets = [str(link.readlink()) for link in (process / "fd").iterdir()]
        assert not any(target.startswith(str(tmp_path)) for target in targets)
        status = (process / "status").read_text()
        assert "NoNewPrivs:\t1" in status
        assert "Seccomp:\t2" in status
        assert "Threads:\t1" in status


def test_a_machine_without_landlock_is_refused_unless_settings_allow_it(policy: Policy, tmp_path: Path) -> None:
    """The zygote runs under a filter that answers Landlock's calls as an old kernel does."""
    script = f"""
import pyseccomp, sys
from pathlib import Path
from services.shared.sandbox import Box, BoxUnavailable, Policy
old = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
for number in (444, 445, 446):
    old.add_rule(pyseccomp.ERRNO(38), number)
old.load()
try:
    Box(Policy.load(), Path({str(tmp_path)!r})).start()
except BoxUnavailable as error:
    print("refused", error)
with Box(Policy.load(), Path({str(tmp_path)!r}), allow_unconfined=True) as box:
    print("allowed", box.zygote_pid is not None)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=True)
    assert "refused this machine has no landlock" in done.stdout
    assert "allowed True" in done.stdout
    assert "box_unconfined" in done.stdout + done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_the_box_works_for_a_user_who_is_not_root(tmp_path: Path) -> None:
    """The user may read everything (where the interpreter lies is the machine's business) and has no other right of root."""
    nobody = pwd.getpwnam("nobody")
    folder = Path(tempfile.mkdtemp())
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    script = f"""
import os, tempfile
from pathlib import Path
from services.shared.sandbox import Box, Incoming, Policy
assert os.geteuid() != 0
with tempfile.TemporaryFile() as file, Box(Policy.load(), Path({str(folder)!r})) as box:
    file.write(b"hei")
    file.flush()
    with box.open_submission([Incoming("a", "attachment", "a.txt", file, 3)]) as opened:
        print(opened.documents[0].media_type, opened.findings)
"""
    command = [
        "setpriv",
        f"--reuid={nobody.pw_uid}",
        f"--regid={nobody.pw_gid}",
        "--clear-groups",
        "--inh-caps=-all,+dac_read_search",
        "--ambient-caps=-all,+dac_read_search",
        "--bounding-set=-all,+dac_read_search",
        sys.executable,
        "-c",
        script,
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    finally:
        shutil.rmtree(folder)
    assert "text/plain []" in done.stdout, done.stderr


def test_this_machine_can_do_what_the_tests_say() -> None:
    assert landlock.version() >= 6
    assert Opened.__name__ == "Opened"
    assert issubclass(BoxUnavailable, RuntimeError)
