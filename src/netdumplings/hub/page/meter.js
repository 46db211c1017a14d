// Counters, read now and then, and what they grow by in a second.

const IDLE = 6; // s: what has not grown for so long has stopped growing
const PAST = 310; // s that are remembered

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
  #log = []; // {to, sums}: by how much each counter had grown until then, since the first reading
  #forgotten = null; // the sums of the latest of these that is not kept any more
  #remembers;

  /**
   * @param {string[]} names - of the counters.
   * @param {{remembers?: boolean}} [what] - false: only the latest rates will be asked for, which is
   *   less to keep where there are thousands.
   */
  constructor(names, { remembers = true } = {}) {
    this.#names = names;
    this.#remembers = remembers;
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
    let [low, high] = [0, this.#log.length]; // of what was known by then
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#log[middle].to > time) high = middle;
      else low = middle + 1;
    }
    const before = this.#log[low - 1]?.sums ?? this.#forgotten;
    const now = this.#log.at(-1)?.sums;
    return Object.fromEntries(this.#names.map((name, at) =>
      [name, now ? now[at] - (before?.[at] ?? 0) : 0]));
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
    const before = this.#log.at(-1)?.sums;
    const sums = [];
    for (const [at, name] of this.#names.entries()) {
      const [old, now] = [this.#last.counts[name], counts[name] ?? null];
      const known = old !== null && now !== null;
      rates[name] = known ? (now - old) / span : null;
      sums.push((before?.[at] ?? 0) + (known ? now - old : 0));
    }
    const away = this.#open.some((tick) => tick.gap);
    this.latest = away ? null : rates;
    if (!this.#remembers) return;
    this.#log.push({ to: time, sums });
    while (this.#log[0].to < time - PAST) this.#forgotten = this.#log.shift().sums;
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
