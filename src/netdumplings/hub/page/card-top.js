// Names by how often: the host names that are looked up, to search in.

import { plain } from "./bounds.js";
import { NumbersCard, perSecond, sum } from "./card-numbers.js";
import { h, say, set, text } from "./dom.js";
import { counted, whole } from "./format.js";

const MOST = 2000; // names of a kitchen
const SHOWN = 50;

export class TopCard extends NumbersCard {
  constructor(hint, changed) {
    super(hint, MOST);
    this.search = h("input", {
      type: "search", placeholder: "Search", "aria-label": `Search in ${hint.title ?? "names"}`,
      spellcheck: "false", autocomplete: "off", maxlength: "100", oninput: changed,
    });
    this.list = h("ol", { class: "top-list", tabindex: "0" });
    this.note = h("p", { class: "card-note" });
    this.element = h("div", { class: "top-card" }, this.search, this.list, this.note);
    this.rows = [];
  }

  draw(states) {
    const useRates = this.hint.rate === true;
    const all = sum(states.map(({ values, rates }) => (useRates ? rates ?? new Map() : values)));
    const wanted = this.search.value.toLowerCase();
    const found = wanted === "" ? [...all]
      : [...all].filter(([name]) => text(name).toLowerCase().includes(wanted));
    found.sort(([name, value], [otherName, other]) =>
      other - value || (name < otherName ? -1 : 1));
    const most = found.length ? Math.max(found[0][1], 0) : 0;
    found.slice(0, SHOWN).forEach(([name, value], index) => {
      const row = (this.rows[index] ??= this.newRow());
      row.element.hidden = false;
      say(row.name, name);
      say(row.value, useRates ? perSecond(value, this.hint.unit ?? "") : plain(value));
      row.bar.style.width = `${most > 0 ? Math.max(0, (value / most) * 100) : 0}%`;
    });
    for (const row of this.rows.slice(found.length)) row.element.hidden = true;
    // It is read out to who searches, and not whenever there is one name more.
    set(this.note, "aria-live", document.activeElement === this.search ? "polite" : "off");
    say(this.note, this.told(found.length, all.size, useRates));
  }

  told(found, all, useRates) {
    const { unit } = this.hint;
    const names = counted(all, "name");
    const shown = found > SHOWN ? `, the first ${SHOWN} shown` : "";
    const by = unit && !useRates ? `; numbers are ${unit}` : "";
    return this.search.value ? `${whole(found)} of ${names}${shown}${by}` : `${names}${shown}${by}`;
  }

  newRow() {
    const row = { name: h("span", { class: "top-name" }), value: h("span", { class: "top-value" }),
      bar: h("span", { class: "top-fill", "aria-hidden": "true" }) };
    row.element = h("li", null, row.bar, row.name, row.value);
    this.list.append(row.element);
    return row;
  }
}
