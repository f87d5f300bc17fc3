"""Real servers for tests over real sockets. See live.py."""

from collections.abc import Callable, Iterator

import pytest

from .live import LiveServer


@pytest.fixture(scope="session")
def start_live_server(
    tmp_path_factory: pytest.TempPathFactory, django_db_blocker: object, django_db_setup: None
) -> Iterator[Callable[..., LiveServer]]:
    """Starts as many servers as a test wants to have for itself: `start_live_server(worker=True)`."""
    servers: list[LiveServer] = []

    def start(*, worker: bool = False) -> LiveServer:
        server = LiveServer(tmp_path_factory.mktemp("live"), django_db_blocker.unblock, worker=worker)
        servers.append(server)
        server.start()
        return server

    yield start
    for server in servers:
        server.close()
        print(server.log.getvalue())  # shown beside a failure


@pytest.fixture(scope="session")
def live_server_process(start_live_server: Callable[..., LiveServer]) -> LiveServer:
    """One server with a Celery worker for all tests that do not break it: give your stations identities of their own."""
    return start_live_server(worker=True)
