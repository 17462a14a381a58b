"""How every test runs: hypothesis repeats itself, so that a failure seen once is seen by the next person too.

`--hypothesis-profile=explore`, as `make test-long` passes it, draws new examples instead, and more of them.
"""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, settings

# No deadlines: a machine shared with others is slow now and then, and that is not a bug in what is tested.
settings.register_profile("repeat", deadline=None, derandomize=True, database=None)
settings.register_profile(
    "explore", deadline=None, max_examples=500, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
# For runs that only ask whether a test fails: finding the smallest example would take minutes.
settings.register_profile("unshrunk", settings.get_profile("repeat"), phases=(Phase.explicit, Phase.generate))
settings.load_profile("repeat")
