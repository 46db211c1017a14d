// A kitchen among others: its last minutes as a line, its rates, and what it lost.

import { fill, h, say, set } from "./dom.js";
import { percent, short } from "./format.js";
import { packetsLost, packetsLostInWords } from "./losses.js";
import { sparkline } from "./sparkline.js";

/** Make a row; onchoose is called with the kitchen's key. */
export function kitchenRow(onchoose) {
  let key = "";
  const button = h("button", { class: "name", type: "button", onclick: () => onchoose(key) });
  const line = h("td");
  const [packets, bits, lost] = ["packets/s", "bit/s", "lost"].map((label) => cell(label));
  const element = h("tr", null, h("th", { scope: "row" }, button), line, packets, bits, lost);

  function update({ kitchen, picture, now, window, chosen }) {
    key = kitchen.key;
    const { meter, gone, name } = kitchen;
    const spans = picture.ticks.filter(({ to }) => to > now - window).map((tick) => {
      const rates = tick.gap ? null : meter.at(tick);
      const lostNow = (rates?.packets_dropped_by_kernel ?? 0) + (rates?.packets_dropped_by_kitchen ?? 0);
      const values = rates ? [rates.packets_handled ?? 0, lostNow] : null;
      return { from: tick.from, to: tick.to, values };
    });
    const rates = gone === null ? meter.latest : null;
    const loss = packetsLost([meter.since(now - window)]);
    say(button, name);
    set(button, "aria-pressed", String(chosen));
    set(element, "class", gone === null ? null : "gone");
    fill(line, sparkline(spans, now, window, `packets of ${name} over the last minutes`));
    say(packets, rate(rates?.packets_handled));
    say(bits, rate(rates?.bytes_handled, 8));
    say(lost, loss.lost ? percent(loss.share) : "0");
    set(lost, "class", loss.lost ? "number loss" : "number soft");
    set(lost, "title", packetsLostInWords(loss) || null);
    if (gone !== null) say(packets, "gone");
  }

  return { element, update };
}

const cell = (label) => h("td", { class: "number", "data-label": label });
const rate = (value, times = 1) => (Number.isFinite(value) ? short(times * value) : "–");
