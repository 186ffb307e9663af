"""Pre steps only add to the schema, so code that does not know them keeps working; and the check of that sees through."""

import pytest
from pre_step_lint import complaints
from suprsend_hub.store.migrate import FOLDER, read_steps

FIRST_CHECKED = "0005"
"""Before it, no release could meet the schema of a newer one."""


@pytest.mark.parametrize(
    "revision",
    [
        step.revision
        for step in read_steps(FOLDER)
        if not step.is_post and not step.is_breaking and step.revision >= FIRST_CHECKED
    ],
)
def test_a_pre_step_only_adds(revision: str) -> None:
    [file] = (FOLDER / "versions").glob(f"{revision}_*.sql")
    assert complaints(file.read_text(encoding="utf-8")) == []


def test_no_step_breaks_what_a_release_needs() -> None:
    """0009 came before the first release."""
    assert [step.revision for step in read_steps(FOLDER) if step.is_breaking] == ["0009"]


@pytest.mark.parametrize(
    "sql",
    [
        "-- DROP TABLE profile; it's only a comment\nCREATE TABLE t (id integer PRIMARY KEY, a text CHECK (a <> ''));",
        "CREATE TABLE t (id integer);\nINSERT INTO t (id) VALUES (1);\nCREATE UNIQUE INDEX t_by_id ON t (id);",
        "/* DROP TABLE profile; */ CREATE INDEX profile_by_update ON profile ((workspace_id::bigint), updated_at);",
        "ALTER TABLE profile ADD COLUMN note text;",
        "alter table profile add column note text not null default 'DROP TABLE; SET NOT NULL';",
        "ALTER TABLE profile ADD COLUMN price numeric(10, 2) NOT NULL DEFAULT round(1.5, 1)",
        'ALTER TABLE profile\n    ADD COLUMN note text COLLATE "C" DEFAULT NULL',
    ],
)
def test_what_only_adds_is_let_through(sql: str) -> None:
    assert complaints(sql) == []


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE rejected",
        "DROP INDEX profile_by_address",
        "TRUNCATE rejected",
        "DELETE FROM rejected",
        "UPDATE profile SET version = 1",
        "INSERT INTO counter VALUES (1, 0, 1, 'users', '')",
        "ALTER TABLE profile RENAME TO person",
        "ALTER TABLE profile RENAME COLUMN addresses TO places",
        "ALTER TABLE profile DROP COLUMN addresses",
        "ALTER TABLE profile ALTER COLUMN addresses TYPE text",
        "ALTER TABLE history ALTER COLUMN before SET NOT NULL",
        "ALTER TABLE history ADD CONSTRAINT short CHECK (length(source) < 9)",
        "ALTER TABLE profile ADD COLUMN note text NOT NULL",
        "ALTER TABLE profile ADD COLUMN note text NOT NULL DEFAULT NULL",
        "ALTER TABLE profile ADD COLUMN note text UNIQUE",
        "ALTER TABLE profile ADD COLUMN note text, DROP COLUMN addresses",
        "ALTER TABLE profile ADD COLUMN note numeric(9, 2), ALTER COLUMN addresses DROP NOT NULL",
        "CREATE UNIQUE INDEX one_name ON list (workspace_id, list_name)",
        "CREATE TRIGGER t BEFORE INSERT ON profile EXECUTE FUNCTION f()",
        "CREATE OR REPLACE VIEW profile AS SELECT 1",
        "DO $$ BEGIN DROP TABLE profile; END $$",
    ],
)
def test_what_does_more_is_found_among_what_only_adds(statement: str) -> None:
    """Whether it is the only statement, or between others, or behind a comment or a text that looks like one."""
    assert complaints(statement)
    among = f"CREATE TABLE t (note text DEFAULT '--');\n-- it's\n{statement};\nCREATE INDEX t_by_note ON t (note);"
    assert complaints(among)
