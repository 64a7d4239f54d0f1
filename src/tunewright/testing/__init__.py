"""Contract tests that anyone can run on their own sampler, scheduler or storage, and small problems to run them on.

    import tunewright as tw

    def test_my_sampler_keeps_the_contract():
        tw.testing.check_sampler(MySampler())

They need no test framework: a breach is an `AssertionError` that says what was broken, on which problem, and the mend.
"""

from tunewright.testing.journal import Journal
from tunewright.testing.problems import Problem, problems
from tunewright.testing.sampler_contract import check_sampler
from tunewright.testing.scheduler_contract import check_scheduler
from tunewright.testing.storage_contract import check_storage

__all__ = ["Journal", "Problem", "check_sampler", "check_scheduler", "check_storage", "problems"]
