// Numbers by name, as bars: the packets of each layer.

import { members, plain, shortened } from "./bounds.js";
import { h, say } from "./dom.js";

const MOST = 200; // names of a kitchen
const SHOWN = 16;
const NAME = 120; // characters

export class BarsCard {
  static merges = true;

  constructor(hint) {
    this.hint = hint;
    this.list = h("ol", { class: "bars" });
    this.note = h("p", { class: "card-note" });
    this.element = h("div", null, this.list, this.note);
    this.rows = [];
  }

  newState() {
    return { values: new Map(), rates: null, time: Number.NaN };
  }

  /** Take in part of a payload; returns whether there was anything for this card. */
  take(state, part, { time }) {
    const values = numbers(part, this.hint.value, MOST);
    if (values === null) return false;
    if (this.hint.rate) state.rates = growth(state.values, values, time - state.time);
    state.values = values;
    state.time = time;
    return true;
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

/** A rate in its unit, which says itself that it is one. */
export function perSecond(value, unit) {
  return `${plain(value)} ${unit.includes("/") ? unit : `${unit}/s`}`;
}

/** The numbers of an object by name, where each is a number or has one by a key; or null. */
export function numbers(part, key, most) {
  if (part === null || typeof part !== "object" || Array.isArray(part)) return null;
  const found = new Map();
  for (const [name, member] of members(part, most)) {
    const value = key !== undefined && member !== null && typeof member === "object" &&
      Object.hasOwn(member, key) ? member[key] : member;
    if (typeof value === "number" && Number.isFinite(value)) found.set(shortened(name, NAME), value);
  }
  return found;
}

/** What counters grew by, a second; null if one has become less, so that all began anew. */
export function growth(before, now, seconds) {
  if (!(seconds > 0)) return null;
  const rates = new Map();
  for (const [name, value] of now) {
    const grown = value - (before.get(name) ?? 0);
    if (grown < 0) return null;
    rates.set(name, grown / seconds);
  }
  return rates;
}

export function sum(maps) {
  if (maps.length === 1) return maps[0];
  const totals = new Map();
  for (const map of maps) {
    for (const [name, value] of map) totals.set(name, (totals.get(name) ?? 0) + value);
  }
  return totals;
}
