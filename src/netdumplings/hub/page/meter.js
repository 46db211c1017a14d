// Counters, read now and then, and what they grow by in a second.

const IDLE = 6; // s: what has not grown for so long has stopped growing

/**
 * The growth of some counters.
 *
 * Kitchens tell their counts at a rhythm of their own, about once a second. So a reading may find
 * what the one before found, and the next one twice as much. Readings that find nothing new are left
 * open until something is new, or IDLE seconds have passed; then all of them get the same mean.
 */
export class Meter {
  /** Growth since the first reading, by name: what was seen to happen. */
  grown = {};
  /** The latest rates: {name: a second}, with layers: Map(name, [packets, bytes]) or null. */
  latest = null;
  #names;
  #last = null; // {time, counts, layers}: the reading of which all ticks are closed
  #open = []; // ticks since
  #rates = new WeakMap(); // by tick

  /** @param {string[]} names - of the counters. */
  constructor(names) {
    this.#names = names;
  }

  /** Note that the counters begin anew: no growth since the last reading is known. */
  restart() {
    this.#last = null;
    this.#open = [];
  }

  /**
   * Take in a reading.
   *
   * @param {number} time - in seconds.
   * @param {object|null} tick - the span since the reading before; null for the first.
   * @param {object} counts - by name; null for what is not told.
   * @param {Map<string, number[]>|null} [layers] - packets and bytes of each.
   */
  read(time, tick, counts, layers = null) {
    const last = this.#last;
    if (last && this.#names.some((name) => counts[name] < last.counts[name])) this.restart();
    if (tick && this.#last) this.#open.push(tick);
    if (this.#last && !this.#moved(counts) && time - this.#last.time < IDLE) return;
    if (this.#last) this.#close(time, counts, layers);
    this.#last = { time, counts: this.#pick(counts), layers };
    this.#open = [];
  }

  /** The rates in a tick: an object as in latest; null if they are unknown, undefined if not yet. */
  at(tick) {
    return this.#open.includes(tick) ? undefined : this.#rates.get(tick) ?? null;
  }

  #moved(counts) {
    return this.#names.some((name) => counts[name] !== this.#last.counts[name]);
  }

  #pick(counts) {
    return Object.fromEntries(this.#names.map((name) => [name, counts[name] ?? null]));
  }

  #close(time, counts, layers) {
    const span = time - this.#last.time;
    const rates = { layers: layers && this.#last.layers && growth(this.#last.layers, layers, span) };
    for (const name of this.#names) {
      const before = this.#last.counts[name];
      const now = counts[name] ?? null;
      const grown = before === null || now === null ? null : now - before;
      rates[name] = grown === null ? null : grown / span;
      if (grown !== null) this.grown[name] = (this.grown[name] ?? 0) + grown;
    }
    this.latest = rates;
    for (const tick of this.#open) if (!tick.gap) this.#rates.set(tick, rates);
  }
}

function growth(before, now, span) {
  const rates = new Map();
  for (const [name, [packets, bytes]] of now) {
    const [oldPackets, oldBytes] = before.get(name) ?? [0, 0];
    rates.set(name, [
      Math.max(0, packets - oldPackets) / span, Math.max(0, bytes - oldBytes) / span,
    ]);
  }
  return rates;
}
