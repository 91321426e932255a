"""A node as a Maelstrom program: messages on standard input and output, a line of JSON each.

    python -m toolkit.system.maelstrom counter:Counter --disk state

Maelstrom (github.com/jepsen-io/maelstrom, `doc/protocol.md`) is a workbench that runs programs in any language as the
nodes of a distributed system. The same class that is simulated and deployed runs there unchanged; the way back, any
Maelstrom program in a system of ours, is `toolkit.system.external`. Notebook 20 shows both.

Where the protocol leaves a choice: a type that the node has no handler for is answered with error 10, fields that do
not fit with error 12, and a handler that raises with error 13; then the node goes on, as Maelstrom's own libraries do.
Only requests get such answers, never replies, or two nodes could complain to each other for ever. `self.now` is Unix
time. A field that cannot be a parameter's name, such as "from" in Maelstrom's `cas`, is taken as `**fields`.

A room map: `lines` is the protocol, `host` and `service` live by it, `command` is the program.
"""

from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run as a program; see `toolkit.system.maelstrom.command.main`."""
    from toolkit.system.maelstrom.command import main

    return main(argv)
