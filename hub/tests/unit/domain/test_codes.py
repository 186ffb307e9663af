"""Error codes: each is described, each is in use, and none is given to an error of another kind."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import suprsend_hub
from suprsend_hub.domain import errors
from suprsend_hub.domain.codes import Code, Kind, Place

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCE = Path(suprsend_hub.__file__).parent
CLASSES = {name: kind for name, kind in vars(errors).items() if isinstance(kind, type) and hasattr(kind, "kind")}


@cache
def trees() -> dict[str, ast.Module]:
    """Every module of the hub but the list of codes itself, parsed."""
    return {
        str(file.relative_to(SOURCE)): ast.parse(file.read_text(encoding="utf-8"))
        for file in sorted(SOURCE.rglob("*.py"))
        if file.name != "codes.py"
    }


def codes_in(node: ast.AST) -> set[Code]:
    """The codes that are spelled out in a part of the source."""
    return {
        Code[part.attr]
        for part in ast.walk(node)
        if isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name) and part.value.id == "Code"
    }


def raised() -> Iterator[tuple[str, str, Code]]:
    """Where an error is made with a code that is spelled out: place, class and code."""
    for name, tree in trees().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CLASSES:
                for keyword in node.keywords:
                    if keyword.arg == "code":
                        for code in codes_in(keyword.value):
                            yield f"{name}:{node.lineno}", node.func.id, code


def test_an_error_has_a_code_of_its_own_kind():
    """Otherwise the reference would promise another status than the answer has."""
    found = list(raised())
    assert len(found) > 60
    wrong = [f"{place}: {name} with {code}" for place, name, code in found if CLASSES[name].kind is not code.kind]
    assert wrong == []


def test_every_code_is_in_use():
    used = {code for _, _, code in raised()}
    for tree in trees().values():
        used |= codes_in(tree)
    assert set(Code) - used == set()


OF_PROFILES = ("fold", "refusal", "values", "channels", "emails", "phones", "chat", "size")


def test_refusals_of_a_fold_are_answers_or_in_the_log():
    """What the rules of profiles refuse reaches a client or the log, and is the client's to correct."""
    for name, tree in trees().items():
        if name in {f"domain/{module}.py" for module in OF_PROFILES}:
            for code in codes_in(tree):
                assert code.kind is Kind.INVALID, code
                assert code.place is not Place.OPERATOR, code


@pytest.mark.parametrize("code", Code)
def test_a_code_is_its_name_in_small_letters_with_two_sentences(code):
    assert code == code.name.lower()
    assert re.fullmatch("[a-z]+(_[a-z]+)*", code)
    for text in (code.meaning, code.remedy):
        assert text.endswith(".")
        assert text[0].isupper() or text[0] == "`"
