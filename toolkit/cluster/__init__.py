"""Real worker processes: start them, watch them, break them. Wraps Dask.

Public names are looked up on first use (PEP 562), because worker processes import this package too, to read a
partition or to run a fault, and must not start a warm-up of their own. Used by every notebook from `01` on.
"""

import importlib
from typing import Any

# public name -> the module that defines it
_HOME = {
    "Cluster": "toolkit.cluster.cluster",
    "Event": "toolkit.cluster.timeline",
    "PartitionedTable": "toolkit.cluster.table",
    "Snapshot": "toolkit.cluster.snapshot",
    "Timeline": "toolkit.cluster.timeline",
    "WorkerState": "toolkit.cluster.snapshot",
}

__all__ = ["Cluster", "Event", "PartitionedTable", "Snapshot", "Timeline", "WorkerState"]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), name)
    raise AttributeError(f"module 'toolkit.cluster' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))
