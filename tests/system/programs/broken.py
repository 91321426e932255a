"""Programs that do not keep to the protocol, each in its own way: broken.py <way> [file for a process id]."""

import json
import os
import subprocess
import sys
import time

way = sys.argv[1]
if len(sys.argv) > 2:
    with open(sys.argv[2] + ".new", "w") as file:
        file.write(str(os.getpid()))
    os.replace(sys.argv[2] + ".new", sys.argv[2])


def send(dest, **body):
    print(json.dumps({"src": "n1", "dest": dest, "body": body}), flush=True)


def sleep():
    time.sleep(600)  # far longer than any test: whoever waits for it has lost


if way == "exits-at-once":
    print("no licence found", file=sys.stderr, flush=True)
    sys.exit(3)
if way == "silent":
    print("warming up", file=sys.stderr, flush=True)
    sleep()

init = json.loads(sys.stdin.readline())
if way == "refuses":
    send(init["src"], type="error", code=11, text="not today", in_reply_to=init["body"]["msg_id"])
    sleep()
send(init["src"], type="init_ok", in_reply_to=init["body"]["msg_id"])

if way == "rubbish":
    print("Listening on port 8080", flush=True)
elif way == "other-name":
    print(json.dumps({"src": "n2", "dest": "c1", "body": {"type": "hello"}}), flush=True)
elif way == "nowhere":
    send("n9", type="hello")
elif way == "typo":
    send("n2", type="ecko", msg_id=1, echo=1)
elif way == "never-asked":
    send("c1", type="echo_ok", in_reply_to=4711)
elif way == "endless-line":
    while True:
        sys.stdout.write("x" * 65536)
elif way == "flood":
    while True:
        send("c1", type="hello")
elif way == "chatty":
    for number in range(5_000):
        print("line", number, file=sys.stderr)
elif way == "closes":
    os.close(1)
elif way == "parent":
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    send("c1", type="born", pid=child.pid)
elif way == "exits":
    message = json.loads(sys.stdin.readline())
    print("first line\nout of ideas", file=sys.stderr, flush=True)
    send(message["src"], type="echo_ok", in_reply_to=message["body"]["msg_id"], echo="the last thing I say")
    sys.exit(7)
elif way == "hangs":
    sys.stdin.read()
sleep()
