"""How Hypothesis searches: without a deadline per example, for a busy machine is no fault.

CI tries the same examples in every run; elsewhere they are new each time.
"""

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "project",
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
)
settings.load_profile("project")
