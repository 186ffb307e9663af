"""Data directories for the tests of the embedded server: made once, then copied, since `initdb` takes seconds."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from suprsend_hub.store.embedded import embedded_postgres


@pytest.fixture(scope="session")
def clusters() -> Iterator[Callable[[int], Path]]:
    """The data directory of a hub that has been stopped, by version."""
    with tempfile.TemporaryDirectory(prefix="hub-clusters-") as folder:

        def made(version: int) -> Path:
            directory = Path(folder) / str(version)
            if not directory.exists():
                directory.mkdir(mode=0o700)
                with embedded_postgres(directory, version=version):
                    pass
            return directory

        yield made


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory that is closed to all other users, as `mktemp -d` makes it."""
    with tempfile.TemporaryDirectory(prefix="hub-embedded-") as directory:
        yield Path(directory).resolve()


@pytest.fixture
def copy_cluster(clusters: Callable[[int], Path]) -> Callable[..., Path]:
    """Copy such a data directory, with owners and permissions, to a path that does not exist yet."""

    def copy(to: Path, version: int = 18) -> Path:
        source = clusters(version)
        shutil.copytree(source, to, symlinks=True)
        for path in (source, *source.rglob("*")):
            found = path.stat()
            shutil.chown(to / path.relative_to(source), found.st_uid, found.st_gid)
        return to

    return copy
