// A Maelstrom node in JavaScript, written against the public protocol alone: echo, unique ids, broadcast by gossip.
"use strict";

let me, neighbours = [], counter = 0;
const messages = new Set();

const send = (dest, body) => process.stdout.write(JSON.stringify({ src: me, dest, body }) + "\n");
const sorted = () => [...messages].sort((one, other) => one - other);

const answers = {
  init({ node_id, node_ids }) {
    me = node_id;
    neighbours = node_ids.filter((name) => name !== me);
    setInterval(() => neighbours.forEach((name) => send(name, { type: "gossip", messages: sorted() })), 50);
    return {};
  },
  echo: ({ echo }) => ({ echo }),
  generate: () => ({ id: `${me}-${counter}` }),
  broadcast({ message }) {
    messages.add(message);
    return {};
  },
  read: () => ({ messages: sorted() }),
};

require("node:readline")
  .createInterface({ input: process.stdin })
  .on("line", (line) => {
    const { src, body } = JSON.parse(line);
    if (body.type === "gossip") {
      body.messages.forEach((message) => messages.add(message));
      return;
    }
    const fields = answers[body.type](body);
    counter += 1;
    send(src, { type: `${body.type}_ok`, msg_id: counter, in_reply_to: body.msg_id, ...fields });
  })
  .on("close", () => process.exit(0));
