// The numbers in a chef's payloads, followed over time, and what else is in them.

import { brief, members, shortened } from "./bounds.js";

const MOST_FIELDS = 24; // with a line each
const MOST_OTHERS = 40;
const MOST_LOOKED_AT = 600; // values of a payload
const DEEPEST = 6;
const NAME = 80; // characters
const POINTS = 120;
const APART = 0.5; // s: of more in that time, the latest is kept
const FORGOTTEN = 50; // payloads without it, after which a field makes way for another

/** What is known of the payloads of one chef in one kitchen. */
export class Fields {
  /** @param {boolean} rate - whether the numbers are counters, whose growth is followed. */
  constructor(rate) {
    this.rate = rate;
    this.numbers = new Map(); // by path: Series
    this.others = new Map(); // by path: {name, value}
    this.taken = 0;
    this.left = 0; // values of the latest payload that found no place
  }

  /** Look through a payload that was made at a time (seconds). */
  take(payload, time) {
    this.taken += 1;
    this.left = 0;
    this.looked = 0;
    this.look(payload, "", time, 0);
  }

  look(value, path, time, depth) {
    this.looked += 1;
    if (this.looked > MOST_LOOKED_AT) {
      this.left += 1;
      return;
    }
    if (typeof value === "number") {
      this.addNumber(path, value, time);
    } else if (isObject(value) && depth < DEEPEST) {
      for (const [key, member] of members(value, MOST_LOOKED_AT)) {
        const name = shortened(key, NAME);
        this.look(member, path ? `${path} › ${name}` : name, time, depth + 1);
        if (this.looked > MOST_LOOKED_AT) return;
      }
    } else {
      this.addOther(path, value);
    }
  }

  addNumber(path, value, time) {
    let series = this.numbers.get(path);
    if (!series) {
      if (!this.hasPlace(this.numbers, MOST_FIELDS)) return;
      series = new Series();
      this.numbers.set(path, series);
    }
    series.seen = this.taken;
    if (this.rate) series.count(value, time);
    else series.add(value, time);
  }

  addOther(path, value) {
    if (!this.others.has(path) && !this.hasPlace(this.others, MOST_OTHERS)) return;
    this.others.set(path, { value: told(value), seen: this.taken });
  }

  /** Whether there is a place for one more, after one that is not seen any more made way. */
  hasPlace(known, most) {
    if (known.size < most) return true;
    for (const [path, { seen }] of known) {
      if (this.taken - seen < FORGOTTEN) continue;
      known.delete(path);
      return true;
    }
    this.left += 1;
    return false;
  }
}

function told(value) {
  if (!Array.isArray(value)) return brief(value, 200);
  return value.length ? `${value.length} in a list: ${brief(value)}` : "an empty list";
}

function isObject(value) {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

/** A number over time: its latest points, oldest first. */
class Series {
  constructor() {
    this.times = [];
    this.values = [];
    this.seen = 0;
    this.before = null;
  }

  get latest() {
    return this.values.at(-1);
  }

  add(value, time) {
    const last = this.times.length - 1;
    // A clock that was set back, or a capture that begins anew: nothing before it belongs here.
    if (time < this.times[last]) this.times.length = this.values.length = 0;
    else if (last > 0 && time - this.times[last - 1] < APART) this.times.length = this.values.length = last;
    this.times.push(time);
    this.values.push(value);
    if (this.times.length > POINTS) {
      this.times.shift();
      this.values.shift();
    }
  }

  /** Take in a counter. When it has become less, it has begun anew: then nothing is known. */
  count(value, time) {
    const { before } = this;
    if (before && time - before.time < APART && time >= before.time && value >= before.value) return;
    this.before = { value, time };
    const rate = before ? (value - before.value) / (time - before.time) : Number.NaN;
    if (rate >= 0 && Number.isFinite(rate)) this.add(rate, time);
  }
}
