// Which dumplings of a feed are wanted, found a slice at a time.

import { glance } from "./json-scan.js";
import { patternOf } from "./pattern.js";

/** How many that came may wait to be searched; of more, the latest are searched. */
export const MOST_WAITING = 20_000;

/**
 * Returns what tells whether an entry is wanted: of a kitchen, a chef, a driver, with a text
 * somewhere in it whatever its case. What is undefined or "" does not matter; kitchen null is the
 * hub. Gaps are wanted, but those of another kitchen.
 */
export function matcher({ kitchen, chef, driver, text = "" }) {
  const pattern = text === "" ? null : patternOf(text);
  const anyone = kitchen === undefined && chef === undefined && driver === undefined;
  return (entry) => {
    if (typeof entry !== "string") {
      return kitchen === undefined || !entry.kitchen || entry.kitchen === kitchen;
    }
    if (!anyone) {
      const says = glance(entry);
      if (says === null) return false;
      if (kitchen !== undefined && says.kitchen !== kitchen) return false;
      if (chef !== undefined && says.chef !== chef) return false;
      if (driver !== undefined && says.driver !== driver) return false;
    }
    return pattern === null || pattern.test(entry);
  };
}

/** All of a feed, as a list shows it: `count`, `numberAt`, `placeOf`, and how far places moved. */
export class Everything {
  constructor(feed) {
    this.feed = feed;
  }

  get count() {
    return this.feed.length;
  }

  /** How many places an entry has moved towards the end since the beginning; negative, as the
   * oldest go. */
  get moved() {
    return -this.feed.first;
  }

  numberAt(place) {
    return this.feed.first + place;
  }

  placeOf(number) {
    return number >= this.feed.first && number < this.feed.next ? number - this.feed.first : -1;
  }
}

/** What a matcher wants of a feed: first the latest, then back to the oldest, and what comes. */
export class Found {
  constructor(feed, wants) {
    this.feed = feed;
    this.wants = wants;
    this.older = []; // latest first, as they are found
    this.newer = [];
    this.gone = 0; // of `newer`, at its beginning
    this.gaps = new Set(); // of both, the numbers of gaps
    this.back = feed.next; // the numbers before it are still to be searched
    this.ahead = feed.next; // likewise this one and those after it
    this.moved = 0;
    this.unsearched = 0;
  }

  get count() {
    return this.older.length + this.newer.length - this.gone;
  }

  get dumplings() {
    return this.count - this.gaps.size;
  }

  /** How many are still to be searched. */
  get left() {
    return Math.max(0, this.back - this.feed.first) + (this.feed.next - this.ahead);
  }

  numberAt(place) {
    const { older, newer, gone } = this;
    if (place < older.length) return older[older.length - 1 - place];
    return newer[place - older.length + gone];
  }

  placeOf(number) {
    let low = 0;
    for (let high = this.count; low < high; ) {
      const middle = (low + high) >> 1;
      if (this.numberAt(middle) < number) low = middle + 1;
      else high = middle;
    }
    return low < this.count && this.numberAt(low) === number ? low : -1;
  }

  /** Search while there is time; returns whether there is more to do. */
  step(hasTime) {
    const { feed } = this;
    this.forget();
    if (feed.next - this.ahead > MOST_WAITING) {
      const from = feed.next - MOST_WAITING / 4;
      this.unsearched += from - this.ahead;
      this.ahead = from;
    }
    this.ahead = Math.max(this.ahead, feed.first);
    while (this.ahead < feed.next && hasTime()) {
      if (this.isWanted(this.ahead)) this.newer.push(this.ahead);
      this.ahead += 1;
    }
    while (this.back > feed.first && hasTime()) {
      this.back -= 1;
      if (this.isWanted(this.back)) {
        this.older.push(this.back);
        this.moved += 1;
      }
    }
    return this.left > 0;
  }

  isWanted(number) {
    const entry = this.feed.at(number);
    if (!this.wants(entry)) return false;
    if (typeof entry !== "string") this.gaps.add(number);
    return true;
  }

  /** Leave out what the feed no longer has. */
  forget() {
    const { older, newer, feed } = this;
    while (older.length && older[older.length - 1] < feed.first) {
      this.gaps.delete(older.pop());
      this.moved -= 1;
    }
    while (this.gone < newer.length && newer[this.gone] < feed.first) {
      this.gaps.delete(newer[this.gone]);
      this.gone += 1;
      this.moved -= 1;
    }
    if (this.gone > 10_000) {
      newer.splice(0, this.gone);
      this.gone = 0;
    }
  }
}
