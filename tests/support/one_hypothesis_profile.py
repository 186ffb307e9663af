"""A pytest plugin: a property test fails if its settings depart from the profile in what a slow machine can turn red."""

from __future__ import annotations

import pytest
from hypothesis import settings


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Compare the settings that Hypothesis attached to the test with those of the profile."""
    own = getattr(getattr(item, "obj", None), "_hypothesis_internal_use_settings", None)
    if own is None:
        return
    profile = settings.default
    if own.deadline is not None or set(profile.suppress_health_check) - set(own.suppress_health_check):
        pytest.fail("settings of a property test start from those of the profile, see conftest.py", pytrace=False)
