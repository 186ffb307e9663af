"""What a pre step may do: add. Code that does not know of the step works on beside it.

A list of what is allowed, because what is not on it is not known to be harmless. Deliberately narrow: whoever needs more
widens it, with the reason.
"""

import re

_LITERAL_OR_COMMENT = re.compile(r"'(?:[^']|'')*'|--[^\n]*|/\*.*?\*/", re.DOTALL)
_ADD_COLUMN = re.compile(r"ALTER TABLE \w+ ADD COLUMN (?!IF\b)(?P<column>\w+ [^,]+)", re.IGNORECASE)
_NEW_TABLE = re.compile(r"CREATE (?:UNLOGGED )?TABLE (\w+)\b.*", re.IGNORECASE)
_INDEX = re.compile(r"CREATE INDEX \w+ ON \w+\b.*", re.IGNORECASE)
_INTO = re.compile(r"(?:CREATE UNIQUE INDEX \w+ ON|INSERT INTO|COMMENT ON TABLE) (\w+)\b.*", re.IGNORECASE)
_CONSTRAINED = re.compile(r"\b(?:UNIQUE|PRIMARY|REFERENCES|CHECK|CONSTRAINT|GENERATED)\b", re.IGNORECASE)


def complaints(sql: str) -> list[str]:
    """The statements of a step that do more than add, each with what is wrong; empty if all is well.

    Allowed are new tables, with what is put into them; new indexes that are not unique; and new columns, one a statement,
    that may be null or have a default, without constraints.
    """
    plain = _LITERAL_OR_COMMENT.sub(lambda match: "''" if match[0].startswith("'") else " ", sql)
    statements = [" ".join(statement.split()) for statement in plain.split(";")]
    new_tables = {match[1].lower() for statement in statements if (match := _NEW_TABLE.fullmatch(statement))}
    return [
        f"{wrong}: {statement}" for statement in statements if statement and (wrong := _wrong(statement, new_tables))
    ]


def _wrong(statement: str, new_tables: set[str]) -> str | None:
    if _NEW_TABLE.fullmatch(statement) or _INDEX.fullmatch(statement):
        return None
    into = _INTO.fullmatch(statement)
    if into:
        return None if into[1].lower() in new_tables else "touches a table that is there already"
    added = _ADD_COLUMN.fullmatch(_without_brackets(statement))
    if added is None:
        return "is none of the statements that only add"
    if _CONSTRAINED.search(added["column"]):
        return "constrains the new column"
    if re.search(r"\bNOT NULL\b", added["column"], re.IGNORECASE) and not re.search(
        r"\bDEFAULT (?!NULL\b)", added["column"], re.IGNORECASE
    ):
        return "has neither a default nor room for null"
    return None


def _without_brackets(statement: str) -> str:
    """The statement without what is in brackets: their commas separate nothing that matters here."""
    while (shorter := re.sub(r"\([^()]*\)", "", statement)) != statement:
        statement = shorter
    return statement
