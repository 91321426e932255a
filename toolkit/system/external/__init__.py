"""Programs in any language as nodes of a system: real processes, on a network, with faults and clients of ours.

    System({"n1": Counter, "n2": External(["./counter.rb"])}, clients=2).emulate(seconds=5, faults=[crash(2, "n2")])

The program speaks the Maelstrom protocol on its standard input and output (see `toolkit.system.maelstrom`): it is told
its name by `init`, reads a message a line, and writes a message a line.

A program lives in real time: it has timers of its own and may speak at any moment. So a system with programs in it is
not simulated but *emulated*: the simulator's network, faults, clients and nodes, with its clock tied to the real one. A
message is given to the program when its second has come, and what the program writes is stamped with the second in
which we read it. That is honest and has its price: a second takes a second, and the same seed no longer gives the same
run (the trace's kind says "emulated"), so such a run can be neither rewound nor checked for determinism. "Emulation" is
the word of network research for real programs on a simulated network; cf. Lantz et al. 2010, "A Network in a Laptop:
Rapid Prototyping for Software-Defined Networks", HotNets.

A crash kills the process and all that it started; a restart starts it anew, with `init`; a pause suspends it. A line
that is no message, or one that its receiver cannot handle, is a mistake in the program and stops the run with an error.
A program that ends by itself, floods us, or does not read what it is sent, is down from then on, like a node whose
handler raised: `run.errors` says why.

A room map: `child` is the process, `program` translates between lines and messages, `emulation` runs the system.
"""

from toolkit.system.external.emulation import emulate
from toolkit.system.external.program import External

__all__ = ["External", "emulate"]
