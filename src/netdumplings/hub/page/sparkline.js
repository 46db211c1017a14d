// A line without axes, for a cell of a table.

import { svg } from "./dom.js";
import { runs } from "./chart.js";

const WIDTH = 120;
const HEIGHT = 26;

/**
 * Draw a small chart of one value; gaps stay gaps, and losses are marked beneath.
 *
 * @param {Array<{from, to, values: [number, number]|null}>} spans - the value, and what was lost.
 * @param {number} now - seconds since the epoch at the right edge.
 * @param {number} window - seconds.
 * @param {string} label - what it says, in words.
 */
export function sparkline(spans, now, window, label) {
  const most = Math.max(...spans.map(({ values }) => values?.[0] ?? 0), 1e-9);
  const x = (time) => Math.round(10 * WIDTH * Math.max(0, 1 - (now - time) / window)) / 10;
  const y = (value) => Math.round(10 * (HEIGHT - 4 - (HEIGHT - 6) * (value / most))) / 10;
  let line = "";
  let red = "";
  for (const run of runs(spans)) {
    line += `M${x(run[0].from)},${y(run[0].values[0])}`;
    for (const { from, to, values } of run) {
      line += `V${y(values[0])}H${x(to)}`;
      if (values[1] > 0) red += `M${x(from)},${HEIGHT - 1}H${Math.max(x(to), x(from) + 1.5)}`;
    }
  }
  return svg("svg", {
    class: "spark", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, width: WIDTH, height: HEIGHT, role: "img",
    "aria-label": label, preserveAspectRatio: "none",
  },
  line && svg("path", { class: "spark-line", d: line }),
  red && svg("path", { class: "spark-loss", d: red }));
}
