// Numbers over time, each with its line; and, in the generic card, the rest of a payload as a table.

import { plain } from "./bounds.js";
import { perSecond } from "./card-numbers.js";
import { h, say } from "./dom.js";
import { Fields } from "./fields.js";
import { counted } from "./format.js";
import { Trace } from "./trace.js";

export class LinesCard {
  static merges = false; // a number of one kitchen and that of another make no third one

  constructor(hint) {
    this.hint = hint;
    this.list = h("ul", { class: "lines" });
    this.note = h("p", { class: "card-note" });
    this.element = h("div", { class: "lines-card" }, this.list, this.note);
    this.rows = [];
  }

  newState() {
    return new Fields(this.hint.rate === true);
  }

  take(state, part, { time }) {
    state.take(part, time);
    return true;
  }

  draw([state]) {
    const shown = [...state.numbers].filter(([, { values }]) => values.length > 0);
    shown.forEach(([path, series], index) => {
      const row = (this.rows[index] ??= this.newRow());
      row.element.hidden = false;
      const name = path || "value";
      say(row.name, name);
      row.name.title = row.name.textContent;
      say(row.value, this.written(series.latest));
      row.trace.draw(name, series.times, series.values);
    });
    for (const row of this.rows.slice(shown.length)) row.element.hidden = true;
    this.list.hidden = shown.length === 0;
    say(this.note, this.told(state, shown.length));
  }

  written(value) {
    const { rate, unit = "" } = this.hint;
    return rate && value >= 0 ? perSecond(value, unit) : `${plain(value)} ${unit}`.trim();
  }

  told(state, shown) {
    if (state.left > 0) return `${counted(state.left, "more value is", "more values are")} not shown`;
    if (shown > 0) return "";
    return this.hint.rate ? "Rates are known from the next dumpling on" : "No number in it so far";
  }

  newRow() {
    const row = { name: h("span", { class: "line-name" }), value: h("span", { class: "line-value" }),
      trace: new Trace() };
    row.element = h("li", null, row.name, row.trace.element, row.value);
    this.list.append(row.element);
    return row;
  }
}

/** For a chef that says nothing of how to show it. */
export class GenericCard extends LinesCard {
  constructor(hint) {
    super(hint);
    this.body = h("tbody");
    this.table = h("table", { class: "others" },
      h("caption", { class: "unseen" }, "The rest of the latest dumplings"), this.body);
    this.element.insertBefore(this.table, this.note);
    this.otherRows = [];
  }

  draw([state]) {
    super.draw([state]);
    [...state.others].forEach(([path, { value }], index) => {
      const row = (this.otherRows[index] ??= this.newOther());
      row.element.hidden = false;
      say(row.name, path || "payload");
      say(row.value, value);
    });
    for (const row of this.otherRows.slice(state.others.size)) row.element.hidden = true;
    this.table.hidden = state.others.size === 0;
  }

  told(state, shown) {
    return shown > 0 || state.left > 0 || state.others.size === 0 ? super.told(state, shown) : "";
  }

  newOther() {
    const row = { name: h("th", { scope: "row" }), value: h("td") };
    row.element = h("tr", null, row.name, row.value);
    this.body.append(row.element);
    return row;
  }
}
