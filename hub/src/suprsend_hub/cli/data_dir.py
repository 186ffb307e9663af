"""Choose the database of a command: the configured one, or that of a development hub on this machine.

If that hub is running, the command uses its server. Otherwise the command starts the server for as long as it runs.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, TypeAlias

import typer
from pydantic import SecretStr

from suprsend_hub.cli.stopping import StopRequest
from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.errors import NotFound
from suprsend_hub.settings import Settings
from suprsend_hub.store.embedded import holds_data, shared_postgres

DataDir: TypeAlias = Annotated[
    Path | None,
    typer.Option("--data-dir", help="Work on the development hub with this data directory.", file_okay=False),
]
"""Option of every command that needs a database."""
MASTER_KEY = "master.key"
_OF_MAKE_RUN = Path(".run") / "data"


def default_data_dir() -> Path:
    """Return the default data directory of `dev`."""
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "suprsend-hub"


def forget_other_databases() -> None:
    """Drop the `PG*` variables of the user's shell, which are for other servers and which our driver would read."""
    for name in [name for name in os.environ if name.startswith("PG")]:
        del os.environ[name]


@contextmanager
def chosen_database(data_dir: Path | None) -> Iterator[Settings]:
    """Yield the settings with a database that can be used for the time of the block.

    It is that of `data_dir`, else the configured one. If neither is given, it is that of a development hub where
    `make run` or `suprsend-hub dev` puts it, and a line on stderr says so. If there is none, the settings have none.

    Raises:
        NotFound: `data_dir` contains no data.
    """
    settings = Settings()
    directory = data_dir
    if data_dir is None and settings.database_url is None:
        directory = next(filter(holds_data, (_OF_MAKE_RUN, default_data_dir())), None)
        if directory is not None:
            typer.echo(f"On the development hub in {directory}:", err=True)
    if directory is None:
        yield settings
        return
    directory = directory.expanduser().absolute()
    if not holds_data(directory):
        raise NotFound(f"{directory} does not contain the data of a development hub", code=Code.NO_DATA)
    forget_other_databases()
    key = (directory / MASTER_KEY).read_text(encoding="utf-8")
    stop = StopRequest(signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    stop.listen()
    with shared_postgres(directory, pulse=stop.check) as url:
        stop.hand_over(signal.default_int_handler)
        try:
            yield settings.model_copy(update={"database_url": SecretStr(url), "master_key": SecretStr(key)})
        finally:
            stop.listen()  # nothing may interrupt the end
