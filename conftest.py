"""What holds for the tests of all roots: one Hypothesis profile, every collected test reports, and a clean end.

The profile leaves out what a slow machine alone can turn red. A test that makes settings of its own starts from it:
`suppress_health_check=[*settings.default.suppress_health_check, …]`.
"""

import signal
import threading

from hypothesis import HealthCheck, settings

pytest_plugins = ("every_test_reports", "one_hypothesis_profile")

settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")

# Ended by a signal, pytest lets fixtures stop the hubs and databases that they started, as after Ctrl-C.
if threading.current_thread() is threading.main_thread():
    signal.signal(signal.SIGTERM, signal.default_int_handler)
