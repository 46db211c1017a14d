// Numbers by name, as bars: the packets of each layer.

import { plain } from "./bounds.js";
import { NumbersCard, perSecond, sum } from "./card-numbers.js";
import { h, say } from "./dom.js";

const MOST = 200; // names of a kitchen
const SHOWN = 16;

export class BarsCard extends NumbersCard {
  constructor(hint) {
    super(hint, MOST);
    this.list = h("ol", { class: "bars" });
    this.note = h("p", { class: "card-note" });
    this.element = h("div", null, this.list, this.note);
    this.rows = [];
  }

  draw(states) {
    const totals = sum(states.map(({ values }) => values));
    const known = states.filter(({ rates }) => rates).map(({ rates }) => rates);
    const showRates = this.hint.rate && known.length > 0;
    const shown = showRates ? sum(known) : totals;
    // By how many there were in all, which seldom changes: bars that jump about cannot be read.
    const names = [...totals.keys()].sort((one, other) => totals.get(other) - totals.get(one));
    const most = Math.max(...names.map((name) => shown.get(name) ?? 0), 0);
    const unit = this.hint.unit ?? "";
    const written = (value) => (this.hint.rate && !showRates
      ? `${plain(value)} so far`
      : this.hint.rate ? perSecond(value, unit) : `${plain(value)} ${unit}`.trim());
    names.slice(0, SHOWN).forEach((name, index) => {
      const value = shown.get(name) ?? 0;
      const row = (this.rows[index] ??= this.newRow());
      row.element.hidden = false;
      say(row.name, name);
      row.name.title = row.name.textContent;
      say(row.value, written(value));
      row.element.title = showRates ? `${plain(totals.get(name))} in all` : "";
      row.bar.style.width = `${most > 0 ? Math.max(0, (value / most) * 100) : 0}%`;
    });
    for (const row of this.rows.slice(names.length)) row.element.hidden = true;
    say(this.note, note(names.length - SHOWN, this.hint.rate && !showRates));
  }

  newRow() {
    const row = { name: h("span", { class: "bar-name" }), value: h("span", { class: "bar-value" }),
      bar: h("span", { class: "bar-fill" }) };
    row.element = h("li", null, row.name, h("span", { class: "bar-track", "aria-hidden": "true" }, row.bar), row.value);
    this.list.append(row.element);
    return row;
  }
}

function note(left, waits) {
  const said = [];
  if (left > 0) said.push(`${left} more, with less`);
  if (waits) said.push("rates are known from the next dumpling on");
  return said.join("; ");
}
