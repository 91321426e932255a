"""The exercises of notebook 20: Lamport's rule, vector clocks compared, causal broadcast, a test for clocks."""

from __future__ import annotations

from toolkit.exercises.exercise import Exercise, NotYet, StillBlank
from toolkit.exercises.judging import answers, catches, returns
from toolkit.exercises.talking import chat

LAMPORT = Exercise(
    id="20.1",
    title="Lamport's rule",
    minutes=5,
    task="""\
A node keeps one number, its *clock*. Write `next_clock(own, received=None)`: the clock after the node's next event.
`own` is the clock before it. For a local event or the sending of a message there is no second argument; when a message
arrives, `received` is the stamp that it carries. The new clock must be larger than all that the node knows of.""",
    blank="""\
def next_clock(own, received=None):
    return ...""",
    solution="""\
def next_clock(own, received=None):
    return max(own, received or 0) + 1""",
    hints=(
        "For a local event or a sending the clock grows by one.",
        "On arrival take the larger of the two, the node's own clock and the stamp; then count the arrival itself.",
        "`max(own, received) + 1`, and mind the case in which `received` is None.",
    ),
    answer="next_clock",
    judge=returns(
        ((0,), 1),
        ((6,), 7),
        ((3, 9), 10),
        ((9, 3), 10),
        ((4, 4), 5),
        ((0, 0), 1),
    ),
)

_PAIRS = {
    "before": [({"a": 1}, {"a": 2}), ({"a": 1}, {"a": 1, "b": 1}), ({}, {"c": 3}), ({"a": 0, "b": 2}, {"b": 3})],
    "concurrent": [({"a": 1}, {"b": 1}), ({"a": 2, "b": 1}, {"a": 1, "b": 2}), ({"a": 5, "c": 0}, {"a": 4, "c": 1})],
    "equal": [({}, {}), ({"a": 1, "b": 0}, {"a": 1}), ({"a": 2, "b": 7}, {"b": 7, "a": 2})],
}

COMPARE = Exercise(
    id="20.2",
    title="Before, after, or neither",
    minutes=15,
    task="""\
Vector clocks as dictionaries: `{"a": 2, "b": 1}` knows two events of a and one of b, and of anybody else none. Write
`compare(x, y)`, which says how the event with the clock `x` stands to the one with the clock `y`: `"before"`,
`"after"`, `"equal"` or `"concurrent"`. A name that is missing counts as 0.""",
    blank="""\
def compare(x, y):
    return ...""",
    solution="""\
def compare(x, y):
    names = x.keys() | y.keys()
    less = any(x.get(name, 0) < y.get(name, 0) for name in names)
    more = any(x.get(name, 0) > y.get(name, 0) for name in names)
    if less and more:
        return "concurrent"
    return "before" if less else "after" if more else "equal\"""",
    hints=(
        "Two questions: is x smaller anywhere? Is it larger anywhere? The four answers are the four results.",
        "Look at all names of both: `x.keys() | y.keys()`, and read each with `.get(name, 0)`.",
        "Smaller somewhere and larger somewhere: neither knows of the other, so they are concurrent.",
    ),
    answer="compare",
    judge=returns(
        *(((x, y), word) for word, pairs in _PAIRS.items() for x, y in pairs),
        *(((y, x), "after") for x, y in _PAIRS["before"]),
        *(((y, x), "concurrent") for x, y in _PAIRS["concurrent"]),
    ),
)


def _judge_chat(node_class: object) -> None:
    """Let users talk over slow links, and look in which order every node showed their posts."""
    found = answers(node_class, [(seed,) for seed in range(6)], harness=chat)
    if not any(author != name for answer in found for name, own in answer.value[0] for author, _ in own):
        raise StillBlank("So far every node shows its own posts only: fill in `on_post`, run that cell, then this one.")
    for answer in found:
        shown, errors = answer.value
        if errors:
            raise NotYet(f"A node failed: {errors[0]}")
        _check_chat(dict(shown))


def _check_chat(shown: dict[str, list[list[str]]]) -> None:
    posts = [post for name, own in shown.items() for post in own if post[0] == name]
    for name, own in shown.items():
        texts = [text for _, text in own]
        twice = next((text for text in texts if texts.count(text) > 1), None)
        if twice is not None:
            raise NotYet(f"{name} showed {twice!r} twice. The network delivers some messages twice.")
    for name, own in shown.items():
        for number, (author, text) in enumerate(own):
            known = [post[1] for post in shown[author][: shown[author].index([author, text])]]
            missing = next((post for post in known if post not in [one[1] for one in own[:number]]), None)
            if missing is not None:
                raise NotYet(f"{name} showed {text!r} too early: {author} had seen {missing!r} when it wrote that.")
    for name, own in shown.items():
        lost = next((post for post in posts if post not in own), None)
        if lost is not None:
            raise NotYet(f"{name} never showed {lost[1]!r}, though everything arrived: it waits for what won't come.")


CHAT = Exercise(
    id="20.3",
    title="Causal broadcast",
    minutes=45,
    task="""\
A chat in which an answer overtakes its question is no pleasure. Write the handler `on_post`, so that every node shows
posts in **causal order**: if the author of a post had already seen another one, everybody shows that other one first.
Posts that know nothing of each other may come in any order, and in the end everybody shows everything, once.

Given: `self.seen[name]` counts the posts of `name` that are shown here; a post carries its author's counts from just
before it was written. Messages overtake each other and some arrive twice; none is lost.""",
    blank="""\
from toolkit.system import Node


class Chat(Node):
    def on_start(self):
        self.shown = []  # [author, text] in the order in which this node's user sees them
        self.seen = dict.fromkeys((self.name, *self.peers), 0)
        self.waiting = []

    def on_say(self, sender, text):  # this node's own user writes something
        self.broadcast("post", text=text, seen=self.seen)
        self.show(self.name, text)

    def show(self, author, text):
        self.shown.append([author, text])
        self.seen[author] += 1

    def on_post(self, sender, text, seen):
        # show it, or keep it in self.waiting until its time has come
        ...""",
    solution="""\
from toolkit.system import Node


class Chat(Node):
    def on_start(self):
        self.shown = []  # [author, text] in the order in which this node's user sees them
        self.seen = dict.fromkeys((self.name, *self.peers), 0)
        self.waiting = []

    def on_say(self, sender, text):  # this node's own user writes something
        self.broadcast("post", text=text, seen=self.seen)
        self.show(self.name, text)

    def show(self, author, text):
        self.shown.append([author, text])
        self.seen[author] += 1

    def on_post(self, sender, text, seen):
        self.waiting.append((sender, text, seen))
        ready = True
        while ready:
            ready = [post for post in self.waiting if self.is_next(*post)][:1]
            for author, words, known in ready:
                self.waiting.remove((author, words, known))
                self.show(author, words)

    def is_next(self, author, text, seen):
        if seen[author] != self.seen[author]:
            return False  # an earlier post of this author is missing, or it was shown already
        return all(seen[name] <= self.seen[name] for name in seen)""",
    hints=(
        "A post is next if it is its author's next one, and this node has shown all that the author had seen.",
        "The author's next: `seen[author] == self.seen[author]`. The rest: `seen[name] <= self.seen[name]` for all.",
        "Put every post into `self.waiting`, then go on showing what is next until nothing is: one post frees others.",
    ),
    answer="Chat",
    judge=_judge_chat,
)

_FULL = """\
class VectorClock:
    def __init__(self, own, names):
        self.own = own
        self.counts = {name: 0 for name in names}

    def tick(self):
        self.counts[self.own] += 1
        return dict(self.counts)

    def receive(self, stamp):
        for name, count in stamp.items():
            self.counts[name] = max(self.counts.get(name, 0), count)
        return self.tick()
"""
_SPARSE = _FULL.replace("{name: 0 for name in names}", "{}").replace(
    "self.counts[self.own] += 1", "self.counts[self.own] = self.counts.get(self.own, 0) + 1"
)
_WRONG_CLOCKS = {
    "doesn't count the arrival itself": _FULL.replace("return self.tick()", "return dict(self.counts)"),
    "forgets what it knew when it receives": _FULL.replace("max(self.counts.get(name, 0), count)", "count"),
    "adds up instead of taking the larger": _FULL.replace(
        "max(self.counts.get(name, 0), count)", "self.counts.get(name, 0) + count"
    ),
    "learns nothing from what it receives": _FULL.replace("max(self.counts.get(name, 0), count)", "self.counts[name]"),
    "hands out its own dictionary, so that old stamps change later": _FULL.replace(
        "return dict(self.counts)", "return self.counts"
    ),
    "keeps the sender's dictionary as its own, and changes stamps that others hold": _FULL.replace(
        "        for name, count in stamp.items():\n"
        "            self.counts[name] = max(self.counts.get(name, 0), count)\n",
        "        mine, self.counts = self.counts, stamp\n"
        "        for name, count in mine.items():\n"
        "            self.counts[name] = max(self.counts.get(name, 0), count)\n",
    ),
    "learns of the sender's events only, not of those that the sender had heard of": _FULL.replace(
        "for name, count in stamp.items():", "for name, count in sorted(stamp.items(), key=lambda one: -one[1])[:1]:"
    ),
}

TEST_CLOCK = Exercise(
    id="20.4",
    title="A test that catches wrong clocks",
    minutes=45,
    task="""\
Write `test_clock(VectorClock)`, which fails (with `assert`) when a vector clock is wrong. `VectorClock("a", "abc")`
is the clock of node a among a, b and c. `clock.tick()` counts a local event or a sending and returns its stamp, a
dictionary; `clock.receive(stamp)` counts the arrival of a message with that stamp, and returns its own stamp.

What is promised is the relation: one event happened before another **if and only if** its stamp is before the other's
(`before` is given). Seven wrong clocks are waiting, and two right ones, of which one leaves zeros out.""",
    blank="""\
def before(x, y):
    names = x.keys() | y.keys()
    pairs = [(x.get(name, 0), y.get(name, 0)) for name in names]
    return all(one <= two for one, two in pairs) and any(one < two for one, two in pairs)


def test_clock(VectorClock):
    a, b, c = (VectorClock(name, "abc") for name in "abc")
    first = a.tick()
    assert first["a"] == 1
    b.tick(), c.tick()
    # more events, and messages between the three; then compare""",
    solution="""\
def before(x, y):
    names = x.keys() | y.keys()
    pairs = [(x.get(name, 0), y.get(name, 0)) for name in names]
    return all(one <= two for one, two in pairs) and any(one < two for one, two in pairs)


def test_clock(VectorClock):
    a, b, c = (VectorClock(name, "abc") for name in "abc")
    a1, a2 = a.tick(), a.tick()
    c1, c2, c3 = c.tick(), c.tick(), c.tick()
    b1 = b.receive(a2)
    b2 = b.tick()
    c4, c5 = c.receive(b1), c.receive(b2)
    a3 = a.tick()
    a4 = a.receive(b1)
    chains = [(a1, a2, b1, b2, c5), (b1, c4), (c1, c2, c3, c4, c5), (a2, a3, a4), (b1, a4)]
    for chain in chains:
        for one, two in zip(chain[:-1], chain[1:], strict=True):
            assert before(one, two) and not before(two, one), "one knows of the other"
    for one, two in [(a1, c3), (c3, b2), (a3, b1), (a3, c5), (a4, b2), (c1, a4)]:
        assert not before(one, two) and not before(two, one), "neither knows of the other\"""",
    hints=(
        "Keep the stamps of a few events on three nodes, with messages between them, and compare all pairs at the end.",
        "Send on: a to b, then b to c. Does c know of a's event? And does nobody know of what it can't know of?",
        "Compare old stamps *again* after more events; and let a node that was already ahead receive an old stamp.",
    ),
    answer="test_clock",
    judge=catches(
        "VectorClock",
        right={"with an entry for every node": _FULL, "that leaves zeros out": _SPARSE},
        wrong=_WRONG_CLOCKS,
    ),
)

EXERCISES = (LAMPORT, COMPARE, CHAT, TEST_CLOCK)
