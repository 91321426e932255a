// A stand-in for the front-end's model, with the same contract: set, save_changes and send go out, `change:` comes in.
import { JSDOM } from "jsdom";

/** A fresh document; the modules under test use the browser's globals. */
export function page() {
  const dom = new JSDOM("<!doctype html><body></body>", { pretendToBeVisual: true });
  Object.assign(globalThis, { window: dom.window, document: dom.window.document });
  const el = dom.window.document.createElement("div");
  dom.window.document.body.append(el);
  return { dom, el };
}

export class Model {
  constructor(state) {
    this.state = state;
    this.handlers = [];
    this.saved = [];
    this.sent = [];
  }

  get(name) {
    if (!(name in this.state)) throw new Error(`no such trait: ${name}`);
    return this.state[name];
  }

  set(name, value) {
    this.get(name);
    this.state[name] = value;
    this.unsaved = { ...this.unsaved, [name]: value };
  }

  save_changes() {
    this.saved.push(this.unsaved);
    this.unsaved = undefined;
  }

  send(content) {
    this.sent.push(content);
  }

  on(event, handler) {
    this.handlers.push({ event, handler });
  }

  off(event, handler) {
    this.handlers = this.handlers.filter((one) => one.event !== event || one.handler !== handler);
  }

  /** What Python does: set traits, then tell. */
  receive(changes) {
    Object.assign(this.state, changes);
    for (const name of Object.keys(changes)) {
      this.handlers.filter(({ event }) => event === `change:${name}`).forEach(({ handler }) => handler());
    }
  }
}
