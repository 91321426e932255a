"""Run a system for real: every node in a worker process of its own, the same faults, the same record.

A room map, from the inside out: `codec` and `link` carry messages between processes, `gate` does to them what the fault
schedule says, `files` keeps what must survive SIGKILL, `host` is a node's host, `resident` its life in a worker
process, `shipping` brings node classes there, `coordinator` conducts a run from the notebook, and `gather` makes the
trace of it.
"""

from toolkit.system.deploy.coordinator import deploy

__all__ = ["deploy"]
