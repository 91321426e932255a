"""What a learner's node may say and do, and what it is told when it does something else."""

import functools

import pytest

from toolkit.system import Closed, MessageError, Network, Node, System, crash, op
from toolkit.system.node import class_of, state


class Quiet(Node):
    """Does nothing on its own."""

    def on_increment(self, sender, by, note=""):
        self.by = by

    def on_list(self, sender, items):
        items.append(self.name)
        self.items = items

    def on_anything(self, sender, **fields):
        self.fields = fields


def run(act, nodes=2, **more):
    """Simulate quiet nodes of which n1 does `act` when it comes up."""

    class Acting(Quiet):
        def on_start(self):
            if self.name == "n1":
                act(self)

    return System([Acting] * nodes, **more).simulate(until=1.0)


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda n: n.send("n2", "incremet", by=1), "no handler on_incremet .*did you mean 'on_increment'"),
        (lambda n: n.send("n2", "increment", bu=1), "no field 'bu' .*did you mean 'by'"),
        (lambda n: n.send("n2", "increment"), "needs the field 'by'"),
        (lambda n: n.send("n2", "increment", by=1, sender="me"), "'sender' cannot be a field"),
        (lambda n: n.send("n2", "anything", sender="me"), "'sender' cannot be a field"),
        (lambda n: n.send("n7", "increment", by=1), "'n7', which is not a node: there are 'n1', 'n2'"),
        (lambda n: n.send(["n2"], "increment", by=1), "is not a node"),
        (lambda n: n.send("n2", 3, by=1), "type=3 is not a message type"),
        (lambda n: n.send("n2", "increment", by={1, 2}), "field 'by' of 'increment' is .*set.*use sorted"),
        (lambda n: n.send("n2", "increment", by=object()), "of type object, which is not plain data"),
        (lambda n: n.send("n2", "increment", by=[{1: 2}]), r"field 'by' of 'increment'\[0\] has the key 1 of type int"),
        (lambda n: n.send("n2", "increment", by=float("nan")), "nan, which JSON does not have"),
        (lambda n: n.send("n2", "start"), "no handler on_start"),
        (lambda n: n.set_timer("t", -1), "seconds=-1 of timer 't'"),
        (lambda n: n.set_timer(5, 1), "name=5 cannot name a timer"),
        (lambda n: n.set_timer("t", 0.1), "has no handler on_timer"),
        (lambda n: n.reply_to("c1", "ok"), "request='c1' is not a request"),
        (lambda n: n.disk.__setitem__("k", {1}), r"disk\['k'\] is \{1\} of type set"),
        (lambda n: n.disk.__setitem__(1, 2), "key=1 of type int cannot name a place on disk"),
    ],
)
def test_a_mistake_stops_the_run_and_names_the_nearest_right_thing(act, message):
    with pytest.raises(MessageError, match=message):
        run(act)


def test_the_mistake_is_shown_at_the_line_that_made_it():
    def act(node):
        node.send("n2", "incremet", by=1)

    with pytest.raises(MessageError) as caught:
        run(act)
    assert any(entry.name == "act" for entry in caught.traceback)


def test_reply_outside_a_handler_takes_down_the_node():
    assert run(lambda n: n.reply("ok")).trace.of("error")[0].detail["type"] == "RuntimeError"


@pytest.mark.parametrize(
    ("handler", "message"),
    [
        (lambda self: None, r"must take \(self, sender, field, ...\)"),
        (lambda self, sender, *fields: None, r"must take \(self, sender"),
    ],
)
def test_a_wrong_signature_is_found_before_the_run(handler, message):
    handler.__name__ = "on_ping"
    bad = type("Bad", (Node,), {"on_ping": handler})
    with pytest.raises(TypeError, match=f"Bad.on_ping.*{message}"):
        System([bad])


def test_wrong_signatures_of_the_reserved_handlers_and_async_ones_are_found_too():
    class Start(Node):
        def on_start(self, name): ...

    class Timer(Node):
        def on_timer(self): ...

    class Slow(Node):
        async def on_ping(self, sender): ...

    class Stream(Node):
        def on_ping(self, sender):
            yield

    for bad, message in (
        (Start, r"on_start\(self\)"),
        (Timer, r"on_timer\(self, name\)"),
        (Slow, "Slow.on_ping must be an ordinary function"),
        (Stream, "Stream.on_ping must be an ordinary function"),
    ):
        with pytest.raises(TypeError, match=message):
            System([bad])


@pytest.mark.parametrize(
    ("nodes", "more", "message"),
    [
        ([], {}, "nodes is empty"),
        ([int], {}, "cannot make a node: give a subclass of Node"),
        ([Quiet()], {}, "cannot make a node: give the class itself, Quiet"),
        ({"a b": Quiet}, {}, "'a b' cannot name a node"),
        ({"n1": Quiet}, {"clients": ["n1"]}, "'n1' is the name of two"),
        ([Quiet], {"network": 0.5}, "network=0.5 must be a Network"),
        ([Quiet], {"network": Network(links={("n1", "n5"): 1.0})}, "links names 'n5'"),
    ],
)
def test_a_system_that_cannot_be_is_refused(nodes, more, message):
    with pytest.raises((ValueError, TypeError), match=message):
        System(nodes, **more)


def test_fields_arrive_as_they_were_and_in_any_order():
    nodes = run(lambda n: n.send("n2", "anything", b=1, a=[1, (2, 3)], c={"x": None}, d=1.5)).nodes
    assert nodes["n2"].fields == {"b": 1, "a": [1, [2, 3]], "c": {"x": None}, "d": 1.5}
    assert run(lambda n: n.send("n2", "increment", note="x", by=2)).nodes["n2"].by == 2
    assert run(lambda n: n.send("n2", "increment", by=2)).nodes["n2"].by == 2


def test_no_two_nodes_share_what_one_of_them_may_change():
    shared = ["first"]
    done = run(lambda n: n.broadcast("list", items=shared), nodes=3)
    assert done.nodes["n2"].items == ["first", "n2"]
    assert done.nodes["n3"].items == ["first", "n3"]
    assert shared == ["first"]
    assert all(m.fields == {"items": ["first"]} for m in done.trace.messages), "nor does the trace"


def test_what_is_read_from_disk_is_a_copy():
    def act(node):
        node.disk["list"] = [1]
        node.disk["list"].append(2)
        node.kept = node.disk["list"]

    assert run(act).nodes["n1"].kept == [1]


def test_a_node_with_arguments_and_an_init_that_uses_its_name():
    class Named(Node):
        def __init__(self, greeting):
            self.greeting = f"{greeting} from {self.name}"

        def on_start(self):
            self.log(self.greeting)

    done = System([functools.partial(Named, greeting="hello")] * 2).simulate()
    assert [e.detail["text"] for e in done.trace.of("log")] == ["hello from n1", "hello from n2"]
    assert class_of(functools.partial(Named, "x")) is Named


def test_an_overridden_send_is_used_by_everything_that_sends():
    class Stamped(Node):
        def on_start(self):
            self.times = []
            self.clock = 0
            if self.name == "n1":
                self.broadcast("ping")

        def send(self, to, type, /, **fields):
            self.clock += 1
            return super().send(to, type, time=self.clock, **fields)

        def on_ping(self, sender, time):
            self.reply("pong")

        def on_pong(self, sender, time):
            self.times.append(time)

    assert System([Stamped] * 3).simulate().nodes["n1"].times == [1, 1]


def test_a_late_answer_finds_its_request():
    class Late(Node):
        def on_start(self):
            self.queue = []

        def on_ask(self, sender, number):
            if not self.queue:
                self.set_timer("answer", 0.05)
            self.queue.append([self.request, number])

        def on_timer(self, name):
            for request, number in reversed(self.queue):
                self.reply_to(request, "answer", number=number)
            self.queue = []

    from toolkit.system import Open, Unique

    done = System([Late], clients=3).simulate(2, until=2.0, workload=Open([op("ask", number=Unique())], rate=50.0))
    finished = done.history.of(outcome="ok")
    assert len(finished) > 100
    assert all(o.result == {"type": "answer", "number": o.fields["number"]} for o in finished)


def test_on_message_takes_what_has_no_handler():
    class Catch(Node):
        def on_message(self, sender, type, fields):
            self.caught = [sender, type, fields]

        def on_known(self, sender):
            self.knew = True

    class Say(Node):
        def on_start(self):
            self.send("catch", "strange", x=1)
            self.send("catch", "known")

    done = System({"say": Say, "catch": Catch}).simulate().nodes["catch"]
    assert done.caught == ["say", "strange", {"x": 1}]
    assert done.knew


def test_the_state_of_a_node_is_plain_and_without_what_the_runtime_gave():
    def act(node):
        node.seen = {"b", "a"}
        node.map = {1: (2, 3)}
        node._private = 1
        node.thing = object

    assert state(run(act).nodes["n1"]) == {"seen": ["a", "b"], "map": {"1": [2, 3]}, "thing": "<class 'object'>"}


def test_a_restarted_node_starts_with_nothing_but_its_disk():
    class Life(Node):
        def on_start(self):
            assert not hasattr(self, "lived")
            self.lived = True
            self.disk["lives"] = self.disk.get("lives", 0) + 1
            self.disk.sync()

    from toolkit.system import restart

    faults = [crash(0.1 * i, "n1") for i in range(1, 4)] + [restart(0.1 * i + 0.05, "n1") for i in range(1, 4)]
    done = System([Life]).simulate(until=1.0, faults=faults)
    assert not done.trace.of("error")
    assert done.nodes["n1"].disk["lives"] == 4


def test_a_workload_with_a_typo_is_found_before_the_run():
    with pytest.raises(MessageError, match="did you mean 'on_increment'"):
        System([Quiet], clients=1).simulate(until=1.0, workload=Closed([op("incremen", by=1)]))
