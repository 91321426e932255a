"""Write a node once; simulate it, deploy it, explore it. The same record comes out of every world.

A room map: `node`, `message` and `disk` are what a learner writes with; `host` is what a run-time must offer;
`system`, `network`, `faults` and `workload` say what is run; `simulate` runs it; `trace`, `history` and `run` are the
record.
"""

from toolkit.system.determinism import Determinism, check_determinism
from toolkit.system.external import External
from toolkit.system.faults import (
    Fault,
    Faults,
    crash,
    delay,
    drop,
    duplicate,
    heal,
    partition,
    pause,
    reorder,
    restart,
    resume,
    skew_clock,
)
from toolkit.system.history import History, Operation
from toolkit.system.latency import Constant, Exponential, Latency, LogNormal, Uniform
from toolkit.system.message import MessageError
from toolkit.system.network import Network
from toolkit.system.node import Node
from toolkit.system.replay import ReplayError
from toolkit.system.run import Run
from toolkit.system.simulate import Simulation
from toolkit.system.system import System
from toolkit.system.trace import Event, Message, Trace
from toolkit.system.workload import Choice, Closed, Keys, Open, Script, Unique, Workload, Zipf, ask, op

__all__ = [
    "Choice",
    "Closed",
    "Constant",
    "Determinism",
    "Event",
    "Exponential",
    "External",
    "Fault",
    "Faults",
    "History",
    "Keys",
    "Latency",
    "LogNormal",
    "Message",
    "MessageError",
    "Network",
    "Node",
    "Open",
    "Operation",
    "ReplayError",
    "Run",
    "Script",
    "Simulation",
    "System",
    "Trace",
    "Uniform",
    "Unique",
    "Workload",
    "Zipf",
    "ask",
    "check_determinism",
    "crash",
    "delay",
    "drop",
    "duplicate",
    "heal",
    "op",
    "partition",
    "pause",
    "reorder",
    "restart",
    "resume",
    "skew_clock",
]
