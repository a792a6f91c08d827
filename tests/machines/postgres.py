"""A real PostgreSQL on a free port, one server a session, with a database of its own for whoever asks."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any, Final

import pytest
import sqlalchemy as sa

from services.storage import schema
from tests.machines.mosquitto import free_port
from tests.machines.needed import needed

INSTALL: Final = "apt-get install postgresql"
START_S: Final = 20.0
STOP_S: Final = 10.0
_SETTINGS: Final = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=16MB")
# Nobody is left in it, and it is as it was made; a tenth of what making another one takes.
_EMPTIED: Final = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid();
SET session_replication_role = replica;
DO $$ DECLARE one record; BEGIN
    FOR one IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'
        LOOP EXECUTE 'DELETE FROM ' || quote_ident(one.tablename); END LOOP;
    FOR one IN SELECT sequencename FROM pg_sequences
        LOOP PERFORM setval(one.sequencename::regclass, 1, false); END LOOP;
END $$
"""


class Postgres:
    """One server. It refuses to be root, so as root it is the package's own user."""

    def __init__(self) -> None:
        where = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda one: int(one.parent.name))
        self._initdb = needed("initdb", INSTALL, also=":".join(map(str, reversed(where))))
        self.folder = Path(tempfile.mkdtemp(prefix="tidewalk-postgres-"))
        self._as: dict[str, Any] = {}
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            self._as = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = count(1)
        self._empty: list[str] = []  # databases with our newest schema that were given back

    def start(self) -> None:
        """Return when it takes connections."""
        cluster = self.folder / "cluster"
        made = (self._initdb, "-D", cluster, "-U", "tidewalk", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        subprocess.run(made, check=True, cwd=self.folder, capture_output=True, **self._as)
        settings = (*_SETTINGS, f"port={self.port}", "listen_addresses=127.0.0.1", "unix_socket_directories=")
        server = Path(self._initdb).with_name("postgres")
        with (self.folder / "server.log").open("ab") as said:
            self._process = subprocess.Popen(
                [server, "-D", cluster, *(word for one in settings for word in ("-c", one))],
                cwd=self.folder,
                stdout=said,
                stderr=said,
                **self._as,
            )
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                self.execute("SELECT 1")
            except sa.exc.OperationalError:
                time.sleep(0.02)
            else:
                return
        pytest.fail(f"PostgreSQL did not start: {(self.folder / 'server.log').read_text()}")

    def stop(self) -> None:
        """End it; its folder goes too."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(STOP_S)
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, database: str) -> str:
        """Of one of its databases."""
        return f"postgresql+psycopg://tidewalk@127.0.0.1:{self.port}/{database}"

    def execute(self, said: str, database: str = "postgres") -> None:
        """Outside any transaction, and unless it is named any database of ours."""
        engine = sa.create_engine(self.url(database), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        with engine.connect() as connection:
            connection.exec_driver_sql(said)

    def database(self, like: str = "template0") -> str:
        """Make a database as another one is; its URL."""
        name = f"coast_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {like}")
        return self.url(name)

    def newest(self) -> str:
        """A database with our newest schema and nothing in it; `give_back` it."""
        return self._empty.pop() if self._empty else self.database("newest")

    def give_back(self, url: str) -> None:
        """Whoever had it is gone, and the next one finds it empty."""
        self.execute(_EMPTIED, url.rpartition("/")[2])
        self._empty.append(url)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A running server, of this session alone."""
    server = Postgres()
    try:
        server.start()
        server.execute("CREATE DATABASE newest TEMPLATE template0")
        schema.upgrade(server.url("newest"))
        yield server
    finally:
        server.stop()


@pytest.fixture
def postgres_url(postgres: Postgres) -> str:
    """An empty database."""
    return postgres.database()


@pytest.fixture(params=["sqlite", "postgres"])
def sql_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database with our newest schema and nothing in it, of each make."""
    return url_of(request.param, request, tmp_path)


def url_of(make: str, request: pytest.FixtureRequest, folder: Path) -> str:
    """A database of this make, with our newest schema and nothing in it."""
    if make == "postgres":
        server: Postgres = request.getfixturevalue("postgres")
        url = server.newest()
        request.addfinalizer(lambda: server.give_back(url))
        return url
    (folder / "books.sqlite").write_bytes(_newest_file())
    return f"sqlite:///{folder}/books.sqlite"


@cache
def _newest_file() -> bytes:
    """The schema takes longer to make than a test to run."""
    with tempfile.TemporaryDirectory() as folder:
        schema.upgrade(f"sqlite:///{folder}/newest.sqlite")
        return Path(folder, "newest.sqlite").read_bytes()
