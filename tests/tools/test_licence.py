"""Both distributions carry the licence and the notice of the repository."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("package", ["sdk", "hub"])
@pytest.mark.parametrize("name", ["LICENSE", "NOTICE"])
def test_each_package_has_an_equal_copy(package, name):
    """They are copies, not links, so that each folder can be built by itself, wherever it was copied to."""
    copy = ROOT / package / name
    assert not copy.is_symlink()
    assert copy.read_bytes() == (ROOT / name).read_bytes()


def test_the_licence_is_the_whole_text_of_apache_2():
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License\n                           Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text
    assert text.rstrip().endswith("limitations under the License.")
