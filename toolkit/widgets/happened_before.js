// Lamport's happened-before on the events of one scene, and what lies nearest to a point. Pure: no page, no model.

/**
 * Columns of the same length: where an event lies (`x`), the number of its lane (-1: the network did it, no node knows),
 * the number of the event that sent what arrives here (-1: nothing arrives), and the event in words.
 * @typedef {{ x: number[], lane: number[], sent: number[], said: string[] }} Events
 * A message on paper: x1, y1, x2, y2, the events that sent and ended it (-1: still on its way), its id, lost (1) or not.
 * @typedef {[number, number, number, number, number, number, number, number]} Message
 * @typedef {{ left: number, right: number, start: number, stop: number, width: number, unit: number, at: number | null,
 *   lanes: [string, number][], events: Events, messages: Message[], states: [number, number, string][] }} Scene
 */

/** For every event the events directly before and directly after it. @param {Events} events */
export function links({ lane, sent }) {
  /** @type {number[][]} */
  const before = lane.map(() => []);
  /** @type {number[][]} */
  const after = lane.map(() => []);
  /** @type {Record<number, number>} */
  const latest = {};
  const join = (/** @type {number} */ one, /** @type {number} */ next) => { after[one].push(next); before[next].push(one); };
  lane.forEach((own, event) => {
    if (own < 0) return;
    if (own in latest) join(latest[own], event);
    if (sent[event] >= 0) join(sent[event], event);
    latest[own] = event;
  });
  return { before, after };
}

/** All events that can be reached from one, itself not included. @param {number} event @param {number[][]} steps */
export function cone(event, steps) {
  /** @type {Set<number>} */
  const seen = new Set();
  const waiting = [...steps[event]];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (!seen.has(next)) {
      seen.add(next);
      waiting.push(...steps[next]);
    }
  }
  return seen;
}

/** How far a point is from a line segment. @param {number} x @param {number} y @param {Message} segment */
function distance(x, y, [x1, y1, x2, y2]) {
  const length = (x2 - x1) ** 2 + (y2 - y1) ** 2 || 1;
  const part = Math.min(1, Math.max(0, ((x - x1) * (x2 - x1) + (y - y1) * (y2 - y1)) / length));
  return Math.hypot(x - x1 - part * (x2 - x1), y - y1 - part * (y2 - y1));
}

/**
 * The event or message under a point, of those that have happened: { event } or { message }, as numbers, or null.
 * @param {Scene} scene @param {number} x @param {number} y @param {number} count
 * @returns {{ event: number } | { message: number } | null}
 */
export function nearest({ events, lanes, messages }, x, y, count) {
  let best = 10;
  let found = null;
  for (let event = 0; event < count; event += 1) {
    if (events.lane[event] < 0) continue;
    const far = Math.hypot(x - events.x[event], y - lanes[events.lane[event]][1]);
    if (far < best) [best, found] = [far, { event }];
  }
  if (found) return found;
  messages.forEach((message, number) => {
    const far = message[4] < count ? distance(x, y, message) : Infinity;
    if (far < best) [best, found] = [far, { message: number }];
  });
  return found;
}

/**
 * What belongs to a cone, as path data: the stretch of each lane, and the messages sent and delivered inside it.
 * @param {Scene} scene @param {Set<number>} inside @param {boolean} past
 */
export function outline({ events, lanes, messages, left, right }, inside, past) {
  /** @type {Record<number, number>} */
  const edge = {};
  for (const event of inside) {
    const own = events.lane[event];
    edge[own] = own in edge ? Math[past ? "max" : "min"](edge[own], events.x[event]) : events.x[event];
  }
  const stretches = Object.entries(edge).map(([own, x]) => `M${x} ${lanes[Number(own)][1]}H${past ? left : right}`);
  const arrows = messages.filter((m) => !m[7] && inside.has(m[4]) && inside.has(m[5]));
  return stretches.concat(arrows.map(([x1, y1, x2, y2]) => `M${x1} ${y1}L${x2} ${y2}`)).join("");
}
