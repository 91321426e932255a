// The module that shows every picture: controls, keys, read-outs, and nothing left behind.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import widget from "../../toolkit/widgets/picture_widget.js";
import { Model, page } from "./model.js";

const SVG = `<svg xmlns="http://www.w3.org/2000/svg"><title>Hash ring</title><desc>long</desc>
  <g data-node="n0"><title>n0: 8 virtual nodes</title><circle/></g>
  <g data-node="n1"><title>n1: 9 virtual nodes</title><circle/></g>
  <g data-node="n0"><title>n0: 40 % of the keys</title><rect/></g></svg>`;
const CONTROLS = [
  { kind: "slider", id: "vnodes", trait: "vnodes", label: "virtual nodes", min: 1, max: 200, step: 1 },
  { kind: "choice", id: "scheme", trait: "scheme", label: "scheme", options: ["range", "jump"] },
  { kind: "button", id: "add", action: "add", on: "", label: "Add", name: "Add a node", place: null },
  { kind: "button", id: "kill w1", action: "kill", on: "w1", label: "Kill", name: "Kill w1", place: [10, 20, 5, 4] },
  { kind: "link", id: "d", href: "http://127.0.0.1:1/status", label: "dashboard" },
];

let dom, el, model, forget;
const one = (selector) => el.querySelector(selector);
const said = () => one("[role=status]").textContent;
const press = (key) => {
  const event = new dom.window.KeyboardEvent("keydown", { key, bubbles: true, cancelable: true });
  one(".ds-paper-host").dispatchEvent(event);
  return event;
};

beforeEach(() => {
  ({ dom, el } = page());
  model = new Model({ svg: SVG, text: "A ring.", status: "ready", controls: CONTROLS, vnodes: 8, scheme: "jump" });
  forget = widget.render({ model, el });
});

test("controls have names, and say and set what Python asked for", () => {
  const slider = one("input[type=range]");
  assert.equal(slider.ariaLabel, "virtual nodes");
  assert.equal(slider.value, "8");
  slider.value = "9";
  slider.dispatchEvent(new dom.window.Event("input"));
  assert.deepEqual(model.saved, [{ vnodes: 9 }]);
  assert.equal(one(".ds-field b").textContent, "9");

  const list = one("select");
  assert.equal(list.value, "jump");
  list.value = "range";
  list.dispatchEvent(new dom.window.Event("change"));
  assert.deepEqual(model.saved.at(-1), { scheme: "range" });
});

test("a change in Python moves the slider", () => {
  model.receive({ vnodes: 77 });
  assert.equal(one("input").value, "77");
  assert.equal(one(".ds-field b").textContent, "77");
});

test("a button sends its action, and lies where Python put it", () => {
  const [add, kill] = el.querySelectorAll("button");
  assert.equal(kill.ariaLabel, "Kill w1");
  assert.equal(kill.style.left, "10%");
  assert.ok(kill.closest(".ds-over"));
  assert.ok(add.closest(".ds-bar"));
  kill.click();
  assert.deepEqual(model.sent, [{ action: "kill", on: "w1" }]);
});

test("a link opens elsewhere and gives nothing away", () => {
  const { target, rel, href } = one("a");
  assert.deepEqual({ target, rel, href }, { target: "_blank", rel: "noopener", href: "http://127.0.0.1:1/status" });
});

test("the focus stays where it was when controls are renewed", () => {
  const kill = [...el.querySelectorAll("button")].at(-1);
  kill.focus();
  model.receive({ controls: CONTROLS.filter((control) => control.id !== "add") });
  assert.notEqual(document.activeElement, kill);
  assert.equal(document.activeElement.dataset.id, "kill w1");
});

test("the picture is named, its words are for a screen reader and not a tooltip", () => {
  assert.equal(one(".ds-paper-host").ariaLabel, "Hash ring");
  assert.equal(one("svg").getAttribute("aria-label"), "A ring.");
  assert.equal(one("svg > title, svg > desc"), null);
});

test("arrow keys read the picture out, and stand out what belongs together", () => {
  assert.equal(press("ArrowRight").defaultPrevented, true);
  assert.equal(said(), "n0: 8 virtual nodes");
  assert.equal(el.querySelectorAll(".ds-chosen").length, 2);
  press("ArrowLeft");
  assert.equal(said(), "n0: 40 % of the keys");
  press("ArrowLeft");
  assert.equal(said(), "n1: 9 virtual nodes");
  model.receive({ svg: SVG.replace("9 virtual", "10 virtual") });
  assert.equal(said(), "n1: 10 virtual nodes", "a redrawn picture is read out anew");
  press("Escape");
  assert.equal(said(), "ready");
  assert.equal(el.querySelectorAll(".ds-chosen").length, 0);
  assert.equal(press("a").defaultPrevented, false);
});

test("the first key backwards begins at the end", () => {
  press("ArrowLeft");
  assert.equal(said(), "n0: 40 % of the keys");
});

test("hovering reads out, leaving stops it", () => {
  one("g[data-node=n1] circle").dispatchEvent(new dom.window.Event("pointerover", { bubbles: true }));
  assert.equal(said(), "n1: 9 virtual nodes");
  one(".ds-paper-host").dispatchEvent(new dom.window.Event("pointerleave"));
  assert.equal(said(), "ready");
  model.receive({ status: "w1 was killed" });
  assert.equal(said(), "w1 was killed");
});

test("a picture without parts can have the focus too", () => {
  model.receive({ svg: "<svg></svg>" });
  press("ArrowRight");
  assert.equal(said(), "ready");
});

test("JupyterLab leaves the keys to whatever can have the focus", () => {
  for (const element of el.querySelectorAll("input, select, button, [tabindex]")) {
    assert.equal(element.getAttribute("data-lm-suppress-shortcuts"), "true", element.outerHTML);
  }
});

test("nothing listens any more when the view is gone", () => {
  model.receive({ controls: CONTROLS.slice(0, 2) });
  forget();
  assert.deepEqual(model.handlers, []);
});
