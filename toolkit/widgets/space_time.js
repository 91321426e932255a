// Move through a space–time diagram that Python has drawn: scrub, step, ask what could have caused what.
import { cone, links, nearest, outline } from "./happened_before.js";
import { lift, make, overlay } from "./space_time_overlay.js";

/** @type {import("@anywidget/types").Render} */
function render({ model, el }) {
  /** @typedef {import("./happened_before.js").Scene} Scene @typedef {{ event: number } | { message: number } | null} Choice */
  const bar = make("div", { className: "ds-bar" });
  const paper = make("div", { className: "ds-scroll", tabIndex: 0, role: "group", ariaLabel: "Space–time diagram" });
  const names = make("div", { className: "ds-names-host", ariaHidden: "true" });
  const side = make("div", { className: "ds-states", role: "group", ariaLabel: "States of the nodes" });
  const said = make("div", { className: "ds-said", role: "status", ariaLive: "polite" });
  const clock = make("b", { className: "ds-clock" });
  const slider = make("input", { type: "range", step: "any", ariaLabel: "time" });
  let scene = /** @type {Scene} */ (model.get("scene"));
  let steps = links(scene.events);
  let [count, now, time] = [0, 0, Infinity]; // how many events have happened, where that is on the paper, and when
  let chosen = /** @type {Choice} */ (null);
  let alive = false; // whether a kernel has answered
  /** @type {Record<string, Element>} */
  let over = {};

  const button = (/** @type {string} */ label, /** @type {string} */ name, /** @type {() => void} */ act) => {
    const made = make("button", { type: "button", className: "ds-button", ariaLabel: name }, label);
    made.addEventListener("click", act);
    return made;
  };
  const ask = (/** @type {string} */ action, value = 0) => () => model.send({ action, value });
  const lose = button("Lose this message and go on", "Lose this message and go on", () => {
    if (chosen && "message" in chosen) ask("lose", scene.messages[chosen.message][6])();
  });
  const undo = button("Undo", "Back to the run before", ask("undo"));
  const zoom = [button("−", "Zoom out", ask("zoom", 0.5)), button("+", "Zoom in", ask("zoom", 2))];
  const turn = [button("«", "Earlier messages", ask("page", -1)), button("»", "Later messages", ask("page", 1))];

  /** Say what is chosen, or what happened last, and enable what can be done about it. */
  const tell = () => {
    const message = chosen && "message" in chosen ? scene.messages[chosen.message] : null;
    lose.disabled = !alive || !model.get("can_fork") || !message || message[7] === 1;
    undo.hidden = !model.get("lost");
    [undo, ...zoom].forEach((one) => { one.disabled = !alive; });
    turn.forEach((one, index) => { one.hidden = model.get("pages")[1] < 2; one.disabled = !alive || model.get("pages")[0] === (index ? model.get("pages")[1] - 1 : 0); });
    if (!chosen) said.textContent = count ? scene.events.said[count - 1] : model.get("text");
    if (!chosen && count === scene.events.x.length) said.textContent = model.get("lost") || model.get("text");
  };

  /** Show only what has happened by now: the rest lies under a veil that a step moves. */
  const move = (/** @type {number} */ to, /** @type {number} */ events) => {
    now = Math.min(scene.right, Math.max(scene.left, to));
    count = events;
    slider.value = String(now);
    time = scene.start + ((now - scene.left) / (scene.right - scene.left)) * (scene.stop - scene.start);
    clock.textContent = `${(time * 1e3).toFixed(time < 10 ? 1 : 0)} ms`;
    over.veil.setAttribute("x", String(now));
    over.veil.setAttribute("width", String(Math.max(0, scene.right + 3 - now)));
    over.now.setAttribute("d", `M${now} 24V${scene.lanes.at(-1)?.[1] ?? 0}v46`);
    const [place, room] = [(now / scene.width) * paper.scrollWidth, paper.clientWidth];
    if (place < paper.scrollLeft + 0.12 * room || place > paper.scrollLeft + 0.97 * room) paper.scrollLeft = place - 0.6 * room;
    scene.lanes.forEach((_, lane) => {
      const last = scene.states.filter(([event, own]) => own === lane && event < count).at(-1);
      const line = /** @type {HTMLElement} */ (side.children[lane]);
      line.textContent = line.title = last?.[2] ?? "";
      line.toggleAttribute("data-changed", last !== undefined && last[0] === count - 1);
    });
    tell();
  };
  const scrub = (/** @type {number} */ to) => move(to, scene.events.x.filter((x) => x <= to + 0.01).length);
  const step = (/** @type {number} */ by) => {
    choose(null);
    const [events, all] = [Math.max(0, count + by), scene.events.x.length];
    if (events > all) move(scene.right, all);
    else move(events ? scene.events.x[events - 1] : scene.left, events);
  };

  /** Show what happened before and after an event or message. @param {Choice} what */
  const choose = (what) => {
    chosen = what;
    const [from, to] = !what ? [-1, -1] : "event" in what ? [what.event, what.event] : scene.messages[what.message].slice(4, 6);
    const before = what ? cone(from, steps.before) : new Set();
    const after = what && to >= 0 ? cone(to, steps.after) : new Set();
    over.before.setAttribute("d", what ? outline(scene, new Set([...before, from]), true) : "");
    over.after.setAttribute("d", what && to >= 0 ? outline(scene, new Set([...after, to]), false) : "");
    const line = what && "message" in what ? scene.messages[what.message] : null;
    const spot = what && "event" in what ? `M${scene.events.x[from]} ${scene.lanes[scene.events.lane[from]][1]}h.1` : "";
    over.chosen.setAttribute("d", line ? `M${line[0]} ${line[1]}L${line[2]} ${line[3]}` : spot);
    over.chosen.classList.toggle("ds-spot", !line);
    paper.toggleAttribute("data-cone", what !== null);
    if (what) {
      const all = scene.events.lane.filter((lane) => lane >= 0).length;
      const rest = all - before.size - after.size - new Set([from, to].filter((event) => event >= 0 && scene.events.lane[event] >= 0)).size;
      said.textContent = `${scene.events.said[from]}. Before it: ${before.size} events (solid). After ${line ? "its arrival" : "it"}: ${after.size} (dashed). Neither: ${rest}.`;
    }
    tell();
  };

  /** @param {PointerEvent} event */
  const point = (event) => {
    const box = /** @type {Element} */ (paper.querySelector("svg")).getBoundingClientRect();
    const scale = scene.width / (box.width || scene.width);
    const [x, y] = [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
    const found = nearest(scene, x, y, count);
    choose(found);
    if (!found) scrub(x);
  };

  const draw = () => {
    scene = model.get("scene");
    steps = links(scene.events);
    paper.innerHTML = model.get("svg");
    const svg = /** @type {SVGSVGElement} */ (paper.querySelector("svg"));
    svg.querySelectorAll(":scope > title, :scope > desc").forEach((words) => words.remove()); // else a tooltip everywhere
    svg.setAttribute("aria-label", model.get("text"));
    svg.style.width = `${(100 * scene.width) / scene.unit}%`;
    const height = svg.viewBox?.baseVal.height ?? 0;
    names.replaceChildren(lift(svg, scene));
    names.style.width = `calc((100% - var(--side)) * ${(scene.left - 2) / scene.unit})`;
    over = overlay(svg, scene);
    side.replaceChildren(...scene.lanes.map(([, y]) => {
      const line = make("div", { className: "ds-state" });
      line.style.top = `${(100 * y) / (height || 1)}%`;
      return line;
    }));
    stage.toggleAttribute("data-states", scene.states.length > 0);
    Object.assign(slider, { min: scene.left, max: scene.right });
    choose(null);
    const at = scene.at ?? time; // after a zoom the same time as before
    const place = scene.left + ((at - scene.start) / (scene.stop - scene.start)) * (scene.right - scene.left);
    if (at >= scene.stop) move(scene.right, scene.events.x.length);
    else scrub(scene.at === null ? place : place + 45); // a little later: the cross of what was lost is in sight
    if (scene.at !== null) said.textContent = model.get("lost");
  };

  /** @param {Event} event */
  const press = (event) => {
    const { key } = /** @type {KeyboardEvent} */ (event);
    const by = { ArrowRight: 1, ArrowLeft: -1, PageDown: 10, PageUp: -10, Home: -1e9, End: 1e9 }[key];
    const last = scene.messages.findIndex(([, , , , sent, ended]) => sent === count - 1 || ended === count - 1);
    if (by) step(by);
    else if (key === "Escape") choose(null);
    else if (key === "Enter" && count) choose(last >= 0 ? { message: last } : scene.events.lane[count - 1] >= 0 ? { event: count - 1 } : null);
    else return;
    event.preventDefault();
    event.stopPropagation(); // the notebook would go to another cell
  };

  const heard = () => { alive = true; tell(); };
  const greet = () => { alive = false; tell(); model.send({ action: "hello", value: 0 }); };
  const stage = make("div", { className: "ds-stage ds-space-time" }, paper, names, side);
  for (const one of [paper, slider]) {
    one.dataset.lmSuppressShortcuts = "true"; // JupyterLab would take the arrow keys away
    one.addEventListener("keydown", press);
  }
  paper.addEventListener("click", point);
  slider.addEventListener("input", () => { choose(null); scrub(Number(slider.value)); });
  bar.append(button("◂ Back", "Step back", () => step(-1)), button("Step ▸", "Step forward", () => step(1)), slider, clock, ...zoom, ...turn, lose, undo);
  el.classList.add("ds-widget");
  el.append(bar, stage, said);
  model.on("change:scene", draw);
  model.on("msg:custom", heard);
  model.on("comm_live_update", greet);
  draw();
  greet();
  return () => {
    model.off("change:scene", draw);
    model.off("msg:custom", heard);
    model.off("comm_live_update", greet);
  };
}

export default { render };
