"""Shared by all tests: Hypothesis is bounded and repeatable, so that a red run can be run again."""

from hypothesis import HealthCheck, settings

settings.register_profile("course", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("course")
