"""Shared by all tests: Hypothesis is bounded and repeatable, so that a red run can be run again."""

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("course", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("course")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests come last: as long as Playwright's browser is open, an event loop runs in the main thread."""
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)
