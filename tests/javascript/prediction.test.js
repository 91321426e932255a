// The question widget: a guess counts once it is committed to, and then for good.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import widget from "../../toolkit/widgets/prediction.js";
import { Model, page } from "./model.js";

let dom, el, model, forget;
const one = (selector) => el.querySelector(selector);
const radios = () => [...el.querySelectorAll("input")];

beforeEach(() => {
  ({ dom, el } = page());
  model = new Model({ question: "How many?", labels: ["one", "<b>two</b>"], guess: -1, verdict: "" });
  forget = widget.render({ model, el });
});

test("question and options are text, whatever they contain", () => {
  assert.equal(one("legend").textContent, "How many?");
  assert.equal(el.querySelectorAll("label")[1].textContent, " <b>two</b>");
  assert.equal(one("label b"), null);
});

test("the button waits for a choice, and the choice for the button", () => {
  const commit = one("button");
  assert.equal(commit.disabled, true);
  radios()[1].click();
  assert.equal(commit.disabled, false);
  assert.deepEqual(model.saved, []);
  commit.click();
  assert.deepEqual(model.saved, [{ guess: 1 }]);
});

test("a guess cannot be taken back", () => {
  model.receive({ guess: 1 });
  assert.deepEqual(radios().map(({ checked, disabled }) => [checked, disabled]), [[false, true], [true, true]]);
  assert.equal(one("button").hidden, true);
  assert.equal(one("[role=status]").textContent, "Your guess: <b>two</b>.");
  model.receive({ verdict: "It is one." });
  assert.equal(one("[role=status]").textContent, "It is one.");
});

test("after the answer there is nothing left to guess", () => {
  model.receive({ verdict: "It is one." });
  assert.ok(radios().every((radio) => radio.disabled));
  assert.equal(one("button").hidden, true);
});

test("radio buttons of two questions are apart", () => {
  const other = dom.window.document.createElement("div");
  widget.render({ model, el: other });
  assert.notEqual(other.querySelector("input").name, radios()[0].name);
});

test("nothing listens any more when the view is gone", () => {
  forget();
  assert.deepEqual(model.handlers, []);
});
