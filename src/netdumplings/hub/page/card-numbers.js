// What cards have in common that show numbers by name: a number each, and how fast it grows.

import { members, plain, shortened } from "./bounds.js";

const NAME = 120; // characters

export class NumbersCard {
  static merges = true;

  /** Make a card that keeps so many names of a kitchen. */
  constructor(hint, most) {
    this.hint = hint;
    this.most = most;
  }

  newState() {
    return { values: new Map(), rates: null, time: Number.NaN };
  }

  /** Take in part of a payload; returns whether there was anything for this card. */
  take(state, part, { time }) {
    const values = numbers(part, this.hint, this.most);
    if (values === null) return false;
    if (this.hint.rate) state.rates = growth(state.values, values, time - state.time);
    state.values = values;
    state.time = time;
    return true;
  }
}

/** A rate in its unit, which says itself that it is one. */
export function perSecond(value, unit) {
  return `${plain(value)} ${unit.includes("/") ? unit : `${unit}/s`}`;
}

/** The numbers of an object by name, where each is a number or has one by a key; or null. */
function numbers(part, hint, most) {
  if (part === null || typeof part !== "object") return null;
  if (Array.isArray(part) && hint.key === undefined) return null;
  const found = new Map();
  for (const [name, member] of Array.isArray(part) ? named(part, hint.key, most) : members(part, most)) {
    const value = hint.value !== undefined && member !== null && typeof member === "object" &&
      Object.hasOwn(member, hint.value) ? member[hint.value] : member;
    if (typeof value === "number" && Number.isFinite(value)) found.set(shortened(name, NAME), value);
  }
  return found;
}

/** The objects of a list that have a name under a key, each with it. */
function named(list, key, most) {
  return list.slice(0, most)
    .filter((one) => one !== null && typeof one === "object" && Object.hasOwn(one, key) &&
      ["string", "number"].includes(typeof one[key]))
    .map((one) => [String(one[key]), one]);
}

/** What counters grew by, a second; null if one has become less, so that all began anew. */
function growth(before, now, seconds) {
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
