// What the space–time widget lays over Python's drawing: the veil, the line of now, the cones.

/** @typedef {import("./happened_before.js").Scene} Scene */

const SVG = "http://www.w3.org/2000/svg";

/**
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag @param {Partial<HTMLElementTagNameMap[T]>} properties @param {(Node | string)[]} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function make(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** @param {string} tag @param {Record<string, string | number>} attributes */
function shape(tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  Object.entries(attributes).forEach(([name, value]) => element.setAttribute(name, String(value)));
  return element;
}

/** The names and the legend in a drawing of their own, which stays when the rest is scrolled. @param {SVGSVGElement} svg @param {Scene} scene */
export function lift(svg, scene) {
  const strip = shape("svg", { viewBox: `0 0 ${scene.left - 2} ${svg.viewBox?.baseVal.height ?? 0}`, class: "ds-picture" });
  strip.append(...svg.querySelectorAll(".ds-names"));
  return strip;
}

/** Shapes over the marks, by name. @param {SVGSVGElement} svg @param {Scene} scene @returns {Record<string, Element>} */
export function overlay(svg, scene) {
  const over = {
    veil: shape("rect", { class: "ds-veil", y: 0, height: (scene.lanes.at(-1)?.[1] ?? 0) + 45 }),
    now: shape("path", { class: "ds-now" }),
    before: shape("path", { class: "ds-before" }),
    after: shape("path", { class: "ds-after" }),
    chosen: shape("path", { class: "ds-picked" }),
  };
  svg.querySelector(".ds-marks")?.after(...Object.values(over));
  return over;
}
