// The space–time widget: happened-before, and walking through a scene with keys, slider and clicks.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { cone, links, nearest, outline } from "../../toolkit/widgets/happened_before.js";
import widget from "../../toolkit/widgets/space_time.js";
import { Model, page } from "./model.js";

// n1 sends a (0), n2 gets it (1) and sends b (2), n3 works on its own (3), n1 gets b (4); the network cuts a link (5).
const SCENE = {
  left: 100, right: 500, start: 0, stop: 0.4, width: 600, unit: 1100, at: null,
  lanes: [["n1", 50], ["n2", 150], ["n3", 250]],
  events: {
    x: [150, 200, 250, 260, 300, 400], lane: [0, 1, 1, 2, 0, -1], sent: [-1, 0, -1, -1, 2, -1],
    said: ["n1 sends a", "n2 gets a", "n2 sends b", "n3 fires", "n1 gets b", "cut"],
  },
  messages: [[150, 50, 200, 150, 0, 1, 17, 0], [250, 150, 300, 50, 2, 4, 18, 0]],
  states: [[-1, 0, "x=0"], [1, 1, "x=1"], [4, 0, "x=2"]],
};
const SVG = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 600 300"><title>Space</title><desc>long</desc>
  <g class="ds-marks"></g><g class="ds-names"></g></svg>`;

let dom, el, model, forget;
const one = (selector) => el.querySelector(selector);
const named = (name) => [...el.querySelectorAll("button")].find((button) => button.ariaLabel === name);
const said = () => one("[role=status]").textContent;
const states = () => [...el.querySelectorAll(".ds-state")].map((line) => line.textContent);
const press = (key, target = one(".ds-scroll")) => {
  const event = new dom.window.KeyboardEvent("keydown", { key, bubbles: true, cancelable: true });
  target.dispatchEvent(event);
  return event;
};
const click = (x, y) => one(".ds-scroll").dispatchEvent(new dom.window.MouseEvent("click", { clientX: x, clientY: y, bubbles: true }));
const answer = () => model.handlers.filter(({ event }) => event === "msg:custom").forEach(({ handler }) => handler({ alive: true }));

beforeEach(() => {
  ({ dom, el } = page());
  model = new Model({ svg: SVG, text: "Three nodes.", scene: SCENE, can_fork: true, lost: "", pages: [0, 1] });
  forget = widget.render({ model, el });
});

test("happened-before follows lanes and messages, and nothing else", () => {
  const { before, after } = links(SCENE.events);
  const sorted = (found) => [...found].sort();
  assert.deepEqual(sorted(cone(4, before)), [0, 1, 2]);
  assert.deepEqual(sorted(cone(0, after)), [1, 2, 4]);
  assert.deepEqual(sorted(cone(3, before)), []);
  assert.deepEqual(sorted(cone(5, after)), []);
});

test("a cone is a stretch of each lane and the messages inside", () => {
  assert.equal(outline(SCENE, new Set([0, 1]), true), "M150 50H100M200 150H100M150 50L200 150");
  assert.equal(outline(SCENE, new Set([2, 4]), false), "M300 50H500M250 150H500M250 150L300 50");
});

test("an event is nearer than a message, and the future can't be picked", () => {
  assert.deepEqual(nearest(SCENE, 152, 53, 6), { event: 0 });
  assert.deepEqual(nearest(SCENE, 176, 100, 6), { message: 0 });
  assert.equal(nearest(SCENE, 276, 100, 1), null);
  assert.equal(nearest(SCENE, 450, 290, 6), null);
});

test("it begins with the whole run, and keys step through it", () => {
  assert.equal(said(), "Three nodes.");
  assert.equal(one(".ds-veil").getAttribute("width"), "3");
  press("Home");
  assert.equal(one(".ds-veil").getAttribute("x"), "100");
  assert.deepEqual(states(), ["x=0", "", ""]);
  const event = press("ArrowRight");
  assert.ok(event.defaultPrevented);
  press("ArrowRight");
  assert.equal(said(), "n2 gets a");
  assert.deepEqual(states(), ["x=0", "x=1", ""]);
  assert.equal(one("[data-changed]").textContent, "x=1");
  press("ArrowLeft", one("input"));
  assert.equal(said(), "n1 sends a");
  press("End");
  assert.deepEqual(states(), ["x=2", "x=1", ""]);
  assert.ok(!press("a").defaultPrevented);
});

test("the step buttons do the same", () => {
  named("Step back").click();
  assert.equal(said(), "n1 gets b");
  named("Step forward").click();
  assert.equal(said(), "Three nodes.");
});

test("the slider scrubs, without a word to the kernel", () => {
  const sent = model.sent.length;
  one("input").value = "255";
  one("input").dispatchEvent(new dom.window.Event("input"));
  assert.equal(one(".ds-veil").getAttribute("x"), "255");
  assert.equal(said(), "n2 sends b");
  assert.equal(one(".ds-clock").textContent, "155.0 ms");
  assert.equal(model.sent.length, sent);
});

test("a click on a message tells and marks its causes and effects; Escape ends that", () => {
  click(275, 100);
  assert.match(said(), /^n2 sends b\. Before it: 2 events \(solid\)\. After its arrival: 0 \(dashed\)\. Neither: 1\.$/);
  assert.ok(one(".ds-before").getAttribute("d").includes("M150 50L200 150"));
  assert.ok(one(".ds-scroll").hasAttribute("data-cone"));
  press("Escape");
  assert.equal(one(".ds-before").getAttribute("d"), "");
  assert.ok(!one(".ds-scroll").hasAttribute("data-cone"));
});

test("Enter picks what moved last", () => {
  press("Home");
  press("ArrowRight");
  press("Enter");
  assert.match(said(), /^n1 sends a\. Before it: 0 events \(solid\)\. After its arrival: 2/);
});

test("a message can be lost once a kernel has answered, not before", () => {
  const lose = named("Lose this message and go on");
  assert.deepEqual(model.sent, [{ action: "hello", value: 0 }]);
  click(275, 100);
  assert.ok(lose.disabled);
  assert.ok(named("Zoom in").disabled);
  answer();
  assert.ok(!lose.disabled);
  lose.click();
  assert.deepEqual(model.sent.at(-1), { action: "lose", value: 18 });
  press("Escape");
  assert.ok(lose.disabled);
});

test("after a fork it says what was lost, from there on, and offers the way back", () => {
  answer();
  Object.assign(model.state, { lost: "Without b." });
  model.receive({ scene: { ...SCENE, at: 0.1 } });
  assert.equal(said(), "Without b.");
  assert.equal(one(".ds-veil").getAttribute("x"), "245"); // a little after the loss at 200, so that it is in sight
  press("End");
  assert.equal(said(), "Without b.");
  assert.ok(!named("Back to the run before").hidden);
  named("Back to the run before").click();
  assert.deepEqual(model.sent.at(-1), { action: "undo", value: 0 });
});

test("a zoom keeps the time", () => {
  one("input").value = "300";
  one("input").dispatchEvent(new dom.window.Event("input"));
  model.receive({ scene: { ...SCENE, right: 900, width: 1000 } });
  assert.equal(one(".ds-veil").getAttribute("x"), "500");
  press("End");
  model.receive({ scene: SCENE });
  assert.equal(one(".ds-veil").getAttribute("x"), "500");
});

test("pages of a long run can be turned", () => {
  answer();
  assert.ok(named("Later messages").hidden);
  Object.assign(model.state, { pages: [0, 2] });
  model.receive({ scene: SCENE });
  assert.ok(named("Earlier messages").disabled);
  named("Later messages").click();
  assert.deepEqual(model.sent.at(-1), { action: "page", value: 1 });
});

test("it listens to nothing after it is gone", () => {
  assert.ok(model.handlers.length > 0);
  forget();
  assert.deepEqual(model.handlers, []);
});
