"""Alembic's folder: revisions in `versions/`, each a Python stub and a file of plain SQL."""
