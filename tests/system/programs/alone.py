"""A Maelstrom node written against the public protocol alone: it knows nothing of the toolkit.

Echo, unique ids, and broadcast by gossip; besides, `relay` asks a neighbour, `add` keeps a sum in the file argv[1].
"""

import json
import os
import sys
import threading
import time

lock = threading.Lock()
me: str | None = None
neighbours: list[str] = []
messages: set[int] = set()
counter = 0
waiting: dict[int, tuple[str, int]] = {}  # msg_id of a question of ours -> (who asked us, their msg_id)


def send(dest, body):
    print(json.dumps({"src": me, "dest": dest, "body": body}), flush=True)


def number():
    global counter
    counter += 1
    return counter


def gossip():
    beat = 0
    while True:
        time.sleep(0.05)
        beat += 1
        with lock:
            for other in neighbours:
                send(other, {"type": "gossip", "messages": sorted(messages)})
            if len(sys.argv) > 2:  # its own clock, as a message to itself
                send(me, {"type": "beat", "beat": beat, "clock": time.monotonic()})


def add(delta):
    path = os.path.join(sys.argv[1], "sum")
    total = delta
    if os.path.exists(path):
        with open(path) as file:
            total += json.load(file)
    with open(path + ".new", "w") as file:
        json.dump(total, file)
    os.replace(path + ".new", path)
    return total


def handle(src, body):
    global me
    kind, answer = body["type"], None
    if kind == "init":
        me = body["node_id"]
        neighbours.extend(name for name in body["node_ids"] if name != me)
        threading.Thread(target=gossip, daemon=True).start()
        answer = {"type": "init_ok"}
    elif kind == "echo":
        answer = {"type": "echo_ok", "echo": body["echo"]}
    elif kind == "generate":
        answer = {"type": "generate_ok", "id": f"{me}-{number()}"}
    elif kind == "broadcast":
        messages.add(body["message"])
        answer = {"type": "broadcast_ok"}
    elif kind == "read":
        answer = {"type": "read_ok", "messages": sorted(messages)}
    elif kind == "add":
        answer = {"type": "add_ok", "value": add(body["delta"]), "pid": os.getpid()}
    elif kind == "relay":
        mine = number()
        waiting[mine] = src, body["msg_id"]
        send(body["via"], {"type": "echo", "msg_id": mine, "echo": body["echo"]})
    elif kind == "echo_ok":
        client, theirs = waiting.pop(body["in_reply_to"])
        send(client, {"type": "relay_ok", "in_reply_to": theirs, "echo": body["echo"]})
    elif kind == "gossip":
        messages.update(body["messages"])
    elif kind != "beat":
        answer = {"type": "error", "code": 13 if kind == "perhaps" else 10, "text": f"what is {kind}?"}
    if answer is not None:
        send(src, answer | {"msg_id": number(), "in_reply_to": body["msg_id"]})


for line in sys.stdin:
    message = json.loads(line)
    with lock:
        handle(message["src"], message["body"])
