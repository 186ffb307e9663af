"""The checks of `make check` find what they are there to find."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from types import ModuleType

TOOLS = Path(__file__).resolve().parents[2] / "tools"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, TOOLS / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def hub(tmp_path: Path):
    """Write one module of a made-up hub and return what the arrow check says of it."""
    arrows = load("check_arrows")

    def check(module: str, source: str) -> list[str]:
        file = tmp_path / "suprsend_hub" / module
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(source)
        return arrows.check_package(tmp_path, "suprsend_hub", arrows.HUB)

    return check


@pytest.mark.parametrize(
    ("module", "source", "finding"),
    [
        ("domain/profile.py", "from suprsend_hub.store import profiles", "domain may not import store"),
        ("domain/profile.py", "import asyncpg", "domain may not import asyncpg"),
        ("domain/profile.py", "import httpx2", "not httpx2"),
        ("domain/profile.py", "from ..service import users", "domain may not import service"),
        ("api/users.py", "def f():\n    from suprsend_hub.store.profiles import read", "api may not import store"),
        ("console/users/views.py", "from ...api import routes", "console may not import api"),
        ("service/users.py", "import litestar.exceptions", "service may not import litestar"),
        ("service/users.py", "from suprsend import Suprsend", "may not import suprsend"),
        ("domain/event.py", "from urllib.parse import parse_qsl", "domain may not import urllib"),
        ("domain/event.py", "import http.client", "domain may not import http"),
        ("service/users.py", "import urllib.parse as parse", "service may not import urllib"),
        (
            "domain/event.py",
            "import msgspec\ndef f(b):\n    msgspec.json.decode(b)",
            "may not import msgspec.json.decode",
        ),
        ("domain/event.py", "from msgspec.json import decode", "may not import msgspec.json.decode"),
        (
            "service/users.py",
            "from msgspec import json as j\nx = j.Decoder(int)",
            "may not import msgspec.json.Decoder",
        ),
        ("service/users.py", "def f(text):\n    import json\n", "service may not import json"),
        ("extra.py", "", "extra has no place"),
    ],
)
def test_a_wrong_arrow_is_named(hub, module, source, finding):
    (line,) = hub(module, source)
    assert finding in line


@pytest.mark.parametrize(
    "back",
    [
        "from suprsend_hub.service.lists import ListService",
        "from suprsend_hub.service import lists",
        "from .lists import ListService",
        "import suprsend_hub.service.lists",
        "def f():\n    from suprsend_hub.service.lists import ListService",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from suprsend_hub.service.lists import ListService",
    ],
    ids=["module", "package", "relative", "plain", "function", "type checking"],
)
def test_an_import_cycle_is_named_in_whatever_form_it_is_written(hub, back):
    hub("service/lists.py", "from suprsend_hub.service.sweeper import Sweeper")
    (line,) = hub("service/sweeper.py", back)
    assert "import cycle: suprsend_hub.service." in line
    assert "lists -> suprsend_hub.service.sweeper" in line


def test_a_cycle_through_several_parts_and_packages_is_named(hub):
    """The root of a package counts as a module when something is imported from it by name."""
    hub("console/__init__.py", "from suprsend_hub.console.router import console_router")
    hub("console/router.py", "from suprsend_hub.console.users.views import HANDLERS")
    (line,) = hub("console/users/views.py", "from suprsend_hub.console import console_router")
    assert line.count("->") == 3


def test_a_cycle_through_a_package_that_an_import_loads_on_its_way_is_named(hub):
    """Python loads `service/b/__init__.py` before `service/b/y.py`, and raises ImportError here."""
    hub("service/a/x.py", "from suprsend_hub.service.b.y import Y\nX = 1")
    hub("service/b/y.py", "Y = 1")
    (line,) = hub("service/b/__init__.py", "from suprsend_hub.service.a.x import X")
    assert "import cycle: suprsend_hub.service." in line


@pytest.mark.parametrize(
    "call",
    [
        'import importlib\nimportlib.import_module("suprsend_hub.store.lists")',
        'import importlib as i\ni.import_module(name="suprsend_hub.store.lists")',
        'from importlib import import_module as load\ndef f():\n    load("suprsend_hub.store.lists")',
        'from importlib import import_module\nimport_module("..store.lists", __package__)',
        'from importlib import import_module\nimport_module("..lists", "suprsend_hub.store.queries")',
        '__import__("suprsend_hub.store.lists")',
    ],
    ids=["module", "renamed", "function", "relative", "of another package", "built in"],
)
def test_an_import_by_a_call_is_an_import(hub, call):
    """If the name is written there as text; the arrows hold for it as for a statement."""
    (line,) = hub("api/lists.py", call)
    assert "api may not import store" in line


def test_a_cycle_with_an_import_by_a_call_is_named(hub):
    hub("service/lists.py", "from suprsend_hub.service.sweeper import Sweeper")
    (line,) = hub("service/sweeper.py", 'import importlib\nx = importlib.import_module("suprsend_hub.service.lists")')
    assert "import cycle: suprsend_hub.service." in line


def test_a_module_may_be_imported_twice_and_name_the_packages_it_lies_in(hub):
    hub("domain/__init__.py", "")
    hub("domain/wire.py", "")
    hub("domain/ids.py", "from suprsend_hub.domain import wire\nfrom .wire import SET")
    assert hub("domain/fold.py", "from .ids import shown\nfrom .wire import SET") == []


def test_what_is_allowed_by_module_or_only_looks_alike_passes(hub):
    assert hub("api/signature.py", "from urllib.parse import unquote_to_bytes") == []
    assert hub("domain/profile.py", "import msgspec\nread = msgspec.json.Decoder(dict).decode") == []
    assert hub("service/users.py", "import msgspec\nx = msgspec.json.encode(1)\ndef f(json):\n    json.decode()") == []


def test_right_arrows_pass(hub):
    assert (
        hub("service/users.py", "from ..store import profiles\nfrom suprsend_hub.domain.profile import Profile") == []
    )


def test_tree_check_names_file_line_and_reason(tmp_path):
    tree = load("check_tree")
    file = tmp_path / "page.md"
    file.write_text("fine\nsee https://pyp" + "i.org/simple\nin /wor" + "k/here\nhttps://example.com/home/page\n")
    assert tree.findings([file], tmp_path) == [
        "page.md:2: names a package registry's host: pyp" + "i.org",
        "page.md:3: names a path of one machine: /wor" + "k/h",
    ]


def test_a_new_endpoint_takes_at_most_ten_files_of_the_hub_and_only_one_place_names_them():
    """As CONTRIBUTING.md counts them: neither modules of the API nor services are named in `app.py`."""
    root = TOOLS.parent
    section = (root / "CONTRIBUTING.md").read_text().partition("## Add an endpoint\n")[2].partition("\n## ")[0]
    hub, _, sdk = section.partition("The method of the SDK")
    assert [len(re.findall(r"^\d+\. ", part, re.MULTILINE)) for part in (hub, sdk)] == [10, 5]
    app = (root / "hub/src/suprsend_hub/app.py").read_text()
    modules = [path for path in (root / "hub/src/suprsend_hub/api").glob("*.py") if "\nHANDLERS = " in path.read_text()]
    assert len(modules) > 10
    for module in modules:
        assert f"api.{module.stem} import" not in app
        assert f"    {module.stem},\n" not in app
    assert re.findall(r"\b(\w+Service)\(", app) == []
