// What a chef says, line by line.

import { brief } from "./bounds.js";
import { h, say } from "./dom.js";
import { clockTime } from "./moment.js";

const KEPT = 20; // of a kitchen, and so many are shown
const LONGEST = 500; // characters

export class TextCard {
  static merges = true;

  constructor() {
    this.list = h("ol", { class: "texts" });
    this.element = h("div", { class: "text-card" }, this.list);
    this.rows = [];
  }

  newState() {
    return { said: [] };
  }

  take(state, part, { time }) {
    if (part === undefined) return false;
    state.said.push({ time, text: brief(part, LONGEST) });
    if (state.said.length > KEPT) state.said.shift();
    return true;
  }

  draw(states, kitchens) {
    const all = states.flatMap(({ said }, index) =>
      said.map((one) => ({ ...one, kitchen: kitchens.length > 1 ? kitchens[index] : "" })));
    all.sort((one, other) => other.time - one.time);
    all.slice(0, KEPT).forEach((one, index) => {
      const row = (this.rows[index] ??= this.newRow());
      row.element.hidden = false;
      say(row.when, `${clockTime(one.time)} ${one.kitchen}`);
      say(row.what, one.text);
    });
    for (const row of this.rows.slice(all.length)) row.element.hidden = true;
  }

  newRow() {
    const row = { when: h("span", { class: "text-when" }), what: h("span", { class: "text-what" }) };
    row.element = h("li", null, row.when, row.what);
    this.list.append(row.element);
    return row;
  }
}
