// Counters, read now and then, and what they grow by in a second.

const IDLE = 6; // s: what has not grown for so long has stopped growing
const PAST = 900; // s that are remembered

/**
 * The growth of some counters.
 *
 * Kitchens tell their counts at a rhythm of their own, about once a second. So a reading may find
 * what the one before found, and the next one twice as much. Readings that find nothing new are left
 * open until something is new, or IDLE seconds have passed; then all of them get the same mean.
 */
export class Meter {
  /** The latest rates: {name: a second, or null}, with layers: Map(name, [packets, bytes]) or null. */
  latest = null;
  #names;
  #last = null; // {time, counts, layers}: the reading up to which everything is known
  #open = []; // ticks since
  #rates = new WeakMap(); // by tick
  #log = []; // {to, grown}: what the counters grew by, and until when

  /** @param {string[]} names - of the counters. */
  constructor(names) {
    this.#names = names;
  }

  /** Note that the counters begin anew: no growth since the last reading is known. */
  restart() {
    this.#last = null;
    this.#open = [];
    this.latest = null;
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
    return this.#rates.get(tick) ?? (this.#open.includes(tick) ? undefined : null);
  }

  /** By how much each counter has grown since a point in time, as far as it was seen. */
  since(time) {
    const sum = Object.fromEntries(this.#names.map((name) => [name, 0]));
    for (let at = this.#log.length - 1; at >= 0 && this.#log[at].to > time; at -= 1) {
      for (const name of this.#names) sum[name] += this.#log[at].grown[name];
    }
    return sum;
  }

  #moved(counts) {
    return this.#names.some((name) => (counts[name] ?? null) !== this.#last.counts[name]);
  }

  #pick(counts) {
    return Object.fromEntries(this.#names.map((name) => [name, counts[name] ?? null]));
  }

  #close(time, counts, layers) {
    const span = time - this.#last.time;
    const rates = { layers: layers && this.#last.layers && growth(this.#last.layers, layers, span) };
    const grown = {};
    for (const name of this.#names) {
      const before = this.#last.counts[name];
      const now = counts[name] ?? null;
      const known = before !== null && now !== null;
      grown[name] = known ? now - before : 0;
      rates[name] = known ? grown[name] / span : null;
    }
    this.#log.push({ to: time, grown });
    while (this.#log[0].to < time - PAST) this.#log.shift();
    const away = this.#open.some((tick) => tick.gap);
    this.latest = away ? null : rates;
    // Of a span with a gap in it only the mean is known, and that is nothing to draw.
    if (!away) for (const tick of this.#open) this.#rates.set(tick, rates);
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
