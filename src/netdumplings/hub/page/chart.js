// Stacked areas over the last minutes, in SVG. What is not known is left out, never guessed.

import { fill, h, say, set, svg } from "./dom.js";
import { counted, short, span } from "./format.js";
import { ticksUpTo } from "./scale.js";

const HEIGHT = 220;
const LEFT = 58; // room for the axis
const BOTTOM = 22;
const TOP = 8;
const RIGHT = 10;
const THINNEST = 2; // px: so high is the red of a loss at least
const ROWS = 20; // of the table, at most

/**
 * A chart with its title, a legend that shows numbers, and a table for who cannot see it.
 *
 * draw() is given {now, window, parts, spans, lost}: seconds since the epoch at the right edge; how many
 * seconds it is wide; the parts [{id, name}] from the bottom up; and spans [{from, to, values}] in order,
 * with one value for each part, or null where nothing is known. If the last part's id is "lost", it is
 * drawn in red, and so that it is seen however little it is.
 */
export class StackChart {
  #unit;
  #title;
  #plot = svg("svg", { class: "plot", role: "img", height: HEIGHT });
  #legend = h("ul", { class: "legend", "aria-hidden": "true" });
  #when = h("span", { class: "soft small when" });
  #rows = h("tbody");
  #heads = h("tr");
  #table;
  #width = 0;
  #drawn = null;
  #at = null; // x under the pointer
  #x = null; // from a time to where it is
  #cross = svg("line", { class: "cross", y1: TOP, y2: HEIGHT - BOTTOM, visibility: "hidden" });

  /**
   * @param {string} title - what it shows.
   * @param {string} unit - as "packets/s".
   * @param {function()} onresize - is called when it must be drawn again.
   */
  constructor(title, unit, onresize) {
    this.#title = title;
    this.#unit = unit;
    const head = h("div", { class: "chart-head" }, h("h2", null, title), this.#when);
    this.#table = h("details", { class: "as-table", ontoggle: () => this.#tabulate() },
      h("summary", null, "As a table", h("span", { class: "unseen" }, `: ${title}`)),
      h("div", { class: "scrolls" }, h("table", null,
        h("caption", { class: "unseen" }, title), h("thead", null, this.#heads), this.#rows)));
    const figure = h("div", { class: "plot-box" }, this.#plot);
    this.element = h("section", { class: "card chart", "aria-label": title },
      head, this.#legend, figure, this.#table);
    new ResizeObserver(([{ contentRect }]) => {
      if (Math.abs(contentRect.width - this.#width) < 1) return;
      this.#width = contentRect.width;
      onresize();
    }).observe(figure);
    this.#plot.addEventListener("pointermove", (event) => this.#point(event.offsetX));
    this.#plot.addEventListener("pointerleave", () => this.#point(null));
  }

  draw(data) {
    this.#drawn = data;
    if (this.#width < 80) return;
    const { now, window, parts, spans } = data;
    const sums = spans.map(({ values }) => values?.reduce((sum, value) => sum + value, 0) ?? 0);
    const lines = ticksUpTo(Math.max(...sums, 0));
    const top = lines.at(-1);
    const right = this.#width - RIGHT;
    const x = (time) => LEFT + (right - LEFT) * Math.min(1, Math.max(0, 1 - (now - time) / window));
    const y = (value) => HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * (value / top);
    set(this.#plot, "width", this.#width);
    set(this.#plot, "viewBox", `0 0 ${this.#width} ${HEIGHT}`);
    fill(this.#plot,
      svg("rect", { class: "nothing", x: LEFT, y: TOP, width: Math.max(0, right - LEFT), height: HEIGHT - BOTTOM - TOP }),
      this.#known(spans, x),
      this.#unknown(spans, x, now, window),
      this.#axes(lines, top, window, x, y, now),
      parts.map((part, index) => this.#area(part, index, spans, x, y)),
      svg("line", { class: "axis", x1: LEFT, x2: right, y1: y(0), y2: y(0) }),
      this.#cross);
    this.#x = x;
    set(this.#plot, "aria-label", this.#summary());
    this.#read();
    if (this.#table.open) this.#tabulate();
  }

  /** What is known has a plain ground; the rest shows the hatching beneath. */
  #known(spans, x) {
    return runs(spans).map((run) => svg("rect", {
      class: "ground", x: x(run[0].from), width: Math.max(0, x(run.at(-1).to) - x(run[0].from)),
      y: TOP, height: HEIGHT - BOTTOM - TOP,
    }));
  }

  /** What is not known says so, where there is room for it. */
  #unknown(spans, x, now, window) {
    const known = runs(spans);
    const ends = [now - window, ...known.map((run) => run.at(-1).to)];
    const begins = [...known.map((run) => run[0].from), now];
    return begins.map((begin, at) => x(begin) - x(ends[at]) < 76 ? null : svg("text", {
      class: "label", x: (x(begin) + x(ends[at])) / 2, y: HEIGHT / 2, "text-anchor": "middle",
    }, "not known"));
  }

  #axes(lines, top, window, x, y, now) {
    const right = this.#width - RIGHT;
    const step = (window / 5 > 30 ? 60 : window / 4) * (this.#width < 420 ? 2 : 1);
    const marks = [];
    for (let back = 0; back <= window + 0.5; back += step) marks.push(back);
    return [
      lines.map((value) => [
        svg("line", { class: "grid", x1: LEFT, x2: right, y1: y(value), y2: y(value) }),
        svg("text", { class: "label", x: LEFT - 8, y: y(value) + 4, "text-anchor": "end" },
          short(value)),
      ]),
      marks.map((back) => svg("text", {
        class: "label", x: x(now - back), y: HEIGHT - 5,
        "text-anchor": back === 0 ? "end" : back === window ? "start" : "middle",
      }, back === 0 ? "now" : back % 60 ? `\u2212${back}\u00a0s` : `\u2212${back / 60}\u00a0min`)),
    ];
  }

  #area(part, index, spans, x, y) {
    const red = part.id === "lost";
    const outline = [];
    for (const run of runs(spans.map((one) => (one.values?.[index] > 0 ? one : { ...one, values: null })))) {
      const below = run.map(({ values }) => values.slice(0, index).reduce((sum, one) => sum + one, 0));
      const bottoms = below.map(y);
      const tops = run.map(({ values }, at) => {
        const top = y(below[at] + values[index]);
        return red ? Math.min(top, bottoms[at] - THINNEST) : top;
      });
      outline.push(step(run.map(({ from }) => x(from)).concat(x(run.at(-1).to)), tops, bottoms));
    }
    return outline.length ? svg("path", { class: `area part-${part.id}`, d: outline.join("") }) : null;
  }

  #point(at) {
    this.#at = at !== null && at >= LEFT && at <= this.#width - RIGHT ? at : null;
    this.#read();
  }

  /** Show numbers in the legend: those under the pointer, or else the latest. */
  #read() {
    if (!this.#drawn || !this.#x) return;
    const { parts, spans, now } = this.#drawn;
    const latest = spans.findLast(({ values }) => values);
    const shown = this.#at === null
      ? latest
      : spans.find(({ from, to }) => this.#x(from) <= this.#at && this.#at < this.#x(to));
    say(this.#when, this.#at === null ? "" : shown?.values
      ? `${span(Math.max(0, now - shown.to))} ago` : "nothing known");
    set(this.#cross, "visibility", this.#at === null ? "hidden" : "visible");
    set(this.#cross, "x1", this.#at ?? 0);
    set(this.#cross, "x2", this.#at ?? 0);
    const used = parts.filter((_, index) => spans.some(({ values }) => values?.[index] > 0));
    const items = (used.length ? used : parts.slice(0, 1)).map((part) => h("li", null,
      h("span", { class: `swatch part-${part.id}` }),
      h("span", { class: part.id === "lost" ? "loss" : null }, part.name), " ",
      h("b", null, shown?.values ? short(shown.values[parts.indexOf(part)], this.#unit) : "–")));
    fill(this.#legend, items.reverse());
  }

  #summary() {
    const { window, parts, spans } = this.#drawn;
    const known = spans.filter(({ values }) => values);
    const minutes = Math.round(window / 60);
    const over = `${this.#title} over the last ${minutes === 1 ? "minute" : `${minutes} minutes`}`;
    if (!known.length) return `${over}: nothing known yet.`;
    const sum = ({ values }) => values.reduce((all, value) => all + value, 0);
    const time = known.reduce((all, { from, to }) => all + to - from, 0);
    const means = parts.map(({ name }, index) => [name,
      known.reduce((all, one) => all + one.values[index] * (one.to - one.from), 0) / time]);
    const [most] = means.slice().sort((one, other) => other[1] - one[1]);
    const mean = means.reduce((all, [, value]) => all + value, 0);
    const gaps = runs(spans).length - 1;
    return `${over}: now ${short(sum(known.at(-1)), this.#unit)}, on average `
      + `${short(mean, this.#unit)}, at most ${short(Math.max(...known.map(sum)), this.#unit)}`
      + `${mean > 0 ? `; most of it ${most[0]}` : ""}${gaps ? `; ${counted(gaps, "gap")}` : ""}.`;
  }

  #tabulate() {
    if (!this.#table.open || !this.#drawn) return;
    const { now, window, parts, spans } = this.#drawn;
    const width = window / ROWS;
    fill(this.#heads, h("th", { scope: "col" }, "Seconds ago"),
      parts.map(({ name }) => h("th", { scope: "col", class: "number" }, name)));
    fill(this.#rows, Array.from({ length: ROWS }, (_, row) => {
      const from = now - (row + 1) * width;
      const within = spans.filter((one) => one.values && one.to > from && one.from < from + width);
      return h("tr", null,
        h("th", { scope: "row" }, `${Math.round(row * width)} to ${Math.round((row + 1) * width)}`),
        parts.map((_part, index) => h("td", { class: "number" }, within.length
          ? short(within.reduce((all, { values }) => all + values[index], 0) / within.length, this.#unit)
          : "not known")));
    }));
  }
}

/** Spans that follow one another and are known, together. */
export function runs(spans) {
  const found = [];
  let run = [];
  for (const one of spans) {
    if (run.length && (!one.values || one.from - run.at(-1).to > 0.001)) {
      found.push(run);
      run = [];
    }
    if (one.values) run.push(one);
  }
  if (run.length) found.push(run);
  return found;
}

const round = (number) => Math.round(number * 10) / 10;

/** The outline of an area whose top and bottom are steps. */
function step(xs, tops, bottoms) {
  let path = `M${round(xs[0])},${round(bottoms[0])}`;
  tops.forEach((top, at) => { path += `V${round(top)}H${round(xs[at + 1])}`; });
  for (let at = bottoms.length - 1; at >= 0; at -= 1) path += `V${round(bottoms[at])}H${round(xs[at])}`;
  return `${path}Z`;
}
