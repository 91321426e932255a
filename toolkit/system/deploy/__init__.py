"""Run a system for real: every node in a worker process of its own, the same faults, the same record.

A room map, from the inside out. `codec` and `link` carry messages between processes, `gate` does to them what the fault
schedule says, `files` keeps what must survive SIGKILL, `host` is a node's host, `resident` its life in a worker
process; `shipping` brings node classes there. In the notebook, `entry` checks what can be checked, and `coordinator`
conducts the run through `remote` (one node), `homes` (the workers) and `watch` (nodes that hang); `gather` makes one
trace of it. `replaying` and `replay_coordinator` do all that again in the order of a record.
"""

from toolkit.system.deploy.entry import deploy

__all__ = ["deploy"]
