// A number over time, as a small line.

import { set, svg } from "./dom.js";
import { plain } from "./bounds.js";

const WIDTH = 120;
const HEIGHT = 24;

/** Make one; `draw(times, values)` shows points, oldest first. */
export class Trace {
  constructor() {
    this.line = svg("path", { class: "trace-line" });
    this.dot = svg("path", { class: "trace-dot" }); // a stroke, which stays round however wide it is
    this.element = svg("svg", {
      class: "trace", viewBox: `-3 -3 ${WIDTH + 6} ${HEIGHT + 6}`, role: "img",
      preserveAspectRatio: "none",
    }, this.line, this.dot);
  }

  draw(name, times, values) {
    const finite = values.filter(Number.isFinite);
    const low = Math.min(...finite);
    const high = Math.max(...finite);
    const from = times[0];
    const span = times.at(-1) - from;
    // Halves, as the distance between two numbers may be more than a number can be.
    const range = high / 2 - low / 2;
    let path = "";
    let x = 0;
    let y = 0;
    values.forEach((value, index) => {
      if (!Number.isFinite(value)) return;
      x = span > 0 ? ((times[index] - from) / span) * WIDTH : WIDTH;
      y = range > 0 ? HEIGHT - ((value / 2 - low / 2) / range) * HEIGHT : HEIGHT / 2;
      path += `${path ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`;
    });
    set(this.line, "d", path);
    set(this.dot, "d", finite.length ? `M${x.toFixed(1)} ${y.toFixed(1)}h0` : "");
    set(this.element, "aria-label", finite.length
      ? `${name}: now ${plain(finite.at(-1))}, between ${plain(low)} and ${plain(high)}`
      : `${name}: no number`);
  }
}
