// Show a picture that Python has drawn, with the controls that Python asks for. No part of any picture is drawn here.

/** What JupyterLab leaves its hands off: it would take the arrow keys away from whatever has the focus. */
const KEEPS_KEYS = "data-lm-suppress-shortcuts";

/**
 * @typedef {object} Control
 * @property {"slider" | "choice" | "button" | "link"} kind
 * @property {string} id
 * @property {string} label
 * @property {string} [trait]    slider, choice: the trait to set
 * @property {number} [min]
 * @property {number} [max]
 * @property {number} [step]
 * @property {string[]} [options]
 * @property {string} [action]   button: what it sends, and on what
 * @property {string} [on]
 * @property {string} [name]     button: its accessible name
 * @property {number[] | null} [place]  button: left, top, width, height in percent of the picture
 * @property {string} [href]
 */

/** @typedef {import("@anywidget/types").AnyModel<{svg: string, text: string, status: string, controls: Control[]}>} Model */

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, unknown>} properties
 * @param {(Node | string)[]} children
 */
function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** @param {import("@anywidget/types").AnyModel} model @param {Control} control */
function field(model, control) {
  const trait = control.trait ?? "";
  const isSlider = control.kind === "slider";
  const input = isSlider
    ? make("input", { type: "range", min: control.min, max: control.max, step: control.step })
    : make("select", {}, ...(control.options ?? []).map((option) => make("option", {}, option)));
  const value = make("b"); // not an <output>, which would be spoken besides the slider itself
  const refresh = () => {
    input.value = String(model.get(trait));
    value.textContent = isSlider ? input.value : "";
  };
  input.ariaLabel = control.label;
  input.addEventListener(isSlider ? "input" : "change", () => {
    model.set(trait, isSlider ? Number(input.value) : input.value);
    model.save_changes();
    value.textContent = isSlider ? input.value : "";
  });
  model.on(`change:${trait}`, refresh);
  refresh();
  const element = make("label", { className: "ds-field" }, make("span", {}, control.label), input, value);
  return { element, forget: () => model.off(`change:${trait}`, refresh) };
}

/** @param {Model} model @param {Control} control */
function simple(model, control) {
  if (control.kind === "link") {
    return make("a", { href: control.href, target: "_blank", rel: "noopener", className: "ds-link" }, control.label);
  }
  const element = make("button", { type: "button", className: "ds-button", ariaLabel: control.name }, control.label);
  element.addEventListener("click", () => model.send({ action: control.action, on: control.on }));
  const edges = /** @type {const} */ (["left", "top", "width", "height"]);
  control.place?.forEach((percent, index) => { element.style[edges[index]] = `${percent}%`; });
  return element;
}

/** @param {{ model: Model, el: HTMLElement }} context */
function render({ model, el }) {
  const bar = make("div", { className: "ds-bar" });
  const paper = make("div", { className: "ds-paper-host", tabIndex: 0, role: "group" });
  paper.setAttribute(KEEPS_KEYS, "true");
  const over = make("div", { className: "ds-over" });
  const said = make("div", { className: "ds-said", role: "status", ariaLive: "polite" });
  /** @type {(() => void)[]} */
  let forget = [];
  let chosen = -1;

  const marks = () => [...paper.querySelectorAll("g > title")].map((title) => /** @type {Element} */ (title.parentNode));

  /** Read out one part of the picture, and let whatever else belongs to the same node stand out. */
  const choose = (/** @type {Element | undefined} */ mark) => {
    const svg = paper.querySelector("svg");
    const node = mark?.closest("[data-node]")?.getAttribute("data-node");
    svg?.toggleAttribute("data-chosen", node != null);
    paper.querySelectorAll("[data-node]").forEach((part) => part.classList.toggle("ds-chosen", part.getAttribute("data-node") === node));
    said.textContent = mark?.querySelector(":scope > title")?.textContent ?? model.get("status");
  };

  const draw = () => {
    paper.innerHTML = model.get("svg");
    const svg = paper.querySelector("svg");
    paper.ariaLabel = svg?.querySelector(":scope > title")?.textContent ?? "picture";
    svg?.setAttribute("aria-label", model.get("text"));
    svg?.querySelectorAll(":scope > title, :scope > desc").forEach((words) => words.remove()); // else a tooltip everywhere
    if (chosen >= 0) choose(marks()[chosen]);
  };

  const arrange = () => {
    const focused = document.activeElement?.getAttribute("data-id");
    forget.forEach((undo) => undo());
    forget = [];
    bar.replaceChildren();
    over.replaceChildren();
    for (const control of model.get("controls")) {
      const isField = control.kind === "slider" || control.kind === "choice";
      const made = isField ? field(model, control) : { element: simple(model, control), forget: () => {} };
      forget.push(made.forget);
      const target = isField ? made.element.querySelector("input, select") : made.element;
      target?.setAttribute("data-id", control.id);
      target?.setAttribute(KEEPS_KEYS, "true");
      (control.place ? over : bar).append(made.element);
      if (control.id === focused) /** @type {HTMLElement} */ (target).focus({ preventScroll: true });
    }
  };

  paper.addEventListener("pointerover", (event) => {
    const mark = marks().filter((one) => one.contains(/** @type {Node} */ (event.target))).at(-1);
    chosen = -1;
    choose(mark);
  });
  paper.addEventListener("pointerleave", () => choose(undefined));
  paper.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (event.key !== "Escape" && !step) return;
    const all = marks();
    chosen = step ? (chosen + step + all.length + (chosen < 0 && step < 0 ? 1 : 0)) % all.length : -1;
    choose(all[chosen]);
    event.preventDefault();
    event.stopPropagation(); // the notebook would go to another cell
  });

  const tell = () => { if (chosen < 0) said.textContent = model.get("status"); };
  el.classList.add("ds-widget");
  el.append(bar, make("div", { className: "ds-stage" }, paper, over), said);
  model.on("change:svg", draw);
  model.on("change:controls", arrange);
  model.on("change:status", tell);
  draw();
  arrange();
  tell();
  return () => {
    forget.forEach((undo) => undo());
    model.off("change:svg", draw);
    model.off("change:controls", arrange);
    model.off("change:status", tell);
  };
}

export default { render };
