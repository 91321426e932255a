"""Node classes of ours, to be run as Maelstrom programs and, unchanged, in the simulator."""

import os
import subprocess
import sys

from toolkit.system import Node


class Everything(Node):
    """A handler for each thing that a test asks a Maelstrom program to do."""

    def on_start(self):
        self.total = self.disk.get("total", 0)
        self.waiting = None

    def on_timer(self, name):
        if name == "broken":
            raise ValueError("a timer that raises")
        self.reply_to(self.waiting, "alarm_ok", timer=name)

    def on_echo(self, sender, echo):
        self.reply("echo_ok", echo=echo)

    def on_add(self, sender, delta):
        self.total += delta
        self.disk["total"] = self.total
        self.disk.sync()
        self.reply("add_ok")

    def on_read(self, sender):
        self.reply("read_ok", value=self.total)

    def on_who(self, sender):
        self.reply("who_ok", name=self.name, peers=self.peers, pid=os.getpid())

    def on_draw(self, sender):
        self.reply("draw_ok", number=self.random.random())

    def on_alarm(self, sender, seconds):
        self.waiting = self.request
        self.set_timer("broken", 0)
        self.set_timer("never", 0)
        self.cancel_timer("never")
        self.set_timer("ring", seconds)

    def on_print(self, sender):
        print("printed")
        os.write(1, b"written to the descriptor\n")
        subprocess.run([sys.executable, "-c", "print('by a child')"], check=True)
        self.log("logged")
        self.reply("print_ok", read=sys.stdin.read())

    def on_divide(self, sender, by):
        self.reply("divide_ok", value=1 / by)

    def on_cas(self, sender, key, **values):
        self.reply("cas_ok", key=key, values=values)

    def on_ask(self, sender, service):
        self.waiting = self.request
        self.send(service, "write", key="k", value=[1, {"a": None}])

    def on_write_ok(self, sender):
        self.reply_to(self.waiting, "ask_ok", service=sender)

    def on_reserved(self, sender):
        self.send(sender, "odd", msg_id=5)


class Stubborn(Node):
    """Does not come up."""

    def on_start(self):
        raise RuntimeError("no configuration")


class Misspelt(Node):
    """Has a handler that cannot be called."""

    def on_echo(self):
        """Lacks the sender."""


class Broadcast(Node):
    """Maelstrom's broadcast: tells the others all that it has heard, again and again."""

    def on_start(self):
        self.messages = set()
        self.set_timer("gossip", 0.05)

    def on_timer(self, name):
        self.broadcast("gossip", messages=sorted(self.messages))
        self.set_timer("gossip", 0.05)

    def on_gossip(self, sender, messages):
        self.messages.update(messages)

    def on_broadcast(self, sender, message):
        self.messages.add(message)
        self.reply("broadcast_ok")

    def on_read(self, sender):
        self.reply("read_ok", messages=sorted(self.messages))

    def on_echo(self, sender, echo):
        self.reply("echo_ok", echo=echo)

    def on_generate(self, sender):
        self.reply("generate_ok", id=f"{self.name}-{self.random.randrange(2**64)}")
