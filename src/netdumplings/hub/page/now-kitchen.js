// A kitchen among others: its last minutes as a line, its rates, and what it lost.

import { fill, h, say, set } from "./dom.js";
import { percent, short } from "./format.js";
import { packetsLost, packetsLostInWords } from "./losses.js";
import { sparkline } from "./sparkline.js";

const AFRESH = 4; // s: a line of 120 points for five minutes does not change sooner

/**
 * Make a row.
 *
 * @param {function(string)} onchoose - is called with the kitchen's key.
 * @param {function(): boolean} mayDraw - says whether there is time to draw a line.
 */
export function kitchenRow(onchoose, mayDraw) {
  let key = "";
  let drawn = -Infinity; // as of when the line is
  const button = h("button", { class: "name", type: "button", onclick: () => onchoose(key) });
  const line = h("td", { role: "cell" });
  const [packets, bits, lost] = ["packets/s", "bit/s", "lost"].map((label) => cell(label));
  const element = h("tr", { role: "row" },
    h("th", { scope: "row", role: "rowheader" }, button), line, packets, bits, lost);

  function update({ kitchen, picture, now, window, recently, chosen }) {
    key = kitchen.key;
    const { meter, gone, name } = kitchen;
    if (Math.abs(now - drawn) >= AFRESH && mayDraw()) {
      fill(line, sparkline(past(picture, meter, now - window), now, window, `packets of ${name}`));
      drawn = now;
    }
    const rates = gone === null ? meter.latest : null;
    const loss = packetsLost([meter.since(recently)]);
    say(button, name);
    set(button, "title", `${kitchen.host}:${kitchen.port}`);
    set(button, "aria-pressed", String(chosen));
    set(element, "class", gone === null ? null : "gone");
    say(packets, rate(rates?.packets_handled));
    say(bits, rate(rates?.bytes_handled, 8));
    say(lost, loss.lost ? percent(loss.share) : "0");
    set(lost, "class", loss.lost ? "number loss" : "number soft");
    set(lost, "title", packetsLostInWords(loss) || null);
    if (gone !== null) say(packets, "gone");
  }

  return { element, update };
}

/** What a kitchen handled and lost, as far as it is known. */
function past({ ticks }, meter, from) {
  return ticks.filter(({ to }) => to > from).map((tick) => {
    const rates = tick.gap ? null : meter.at(tick);
    if (!rates) return { from: tick.from, to: tick.to, values: null };
    const lost = (rates.packets_dropped_by_kernel ?? 0) + (rates.packets_dropped_by_kitchen ?? 0);
    return { from: tick.from, to: tick.to, values: [rates.packets_handled ?? 0, lost] };
  });
}

const cell = (label) => h("td", { role: "cell", class: "number", "data-label": label });
const rate = (value, times = 1) => (Number.isFinite(value) ? short(times * value) : "–");
