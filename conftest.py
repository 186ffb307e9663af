"""What holds for the tests of all roots: one Hypothesis profile, and every collected test reports.

The profile leaves out what a slow machine alone can turn red. A test that makes settings of its own starts from it:
`suppress_health_check=[*settings.default.suppress_health_check, …]`.
"""

from hypothesis import HealthCheck, settings

pytest_plugins = ("every_test_reports", "one_hypothesis_profile")

settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")
