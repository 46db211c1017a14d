// What several kitchens do together, span by span.

import { PARTS, split } from "./layers.js";

/** What the charts show of a tick: parts of packets with what was lost, and parts of bits. */
export const PACKET_PARTS = [...PARTS, { id: "lost", name: "lost" }];
export const BIT_PARTS = PARTS;

const SLICE = 5; // ms, of sums that were not made before

export class Totals {
  /** Whether there was no time for all: ask again. */
  unfinished = false;
  #known = new WeakMap();
  #of = "";

  /**
   * Add up kitchens, as far as a slice of time allows: the latest first.
   *
   * @param {object} picture - of status.js.
   * @param {string} of - the key of the kitchen that is meant; "" for all.
   * @param {number} from - seconds since the epoch: nothing before it is asked for.
   * @returns {Array<{from, to, packets, bits}>} in order; values by part, or null where nothing is known. A
   *   span of which a kitchen has not told yet is left out: its end is not known.
   */
  spans(picture, of, from) {
    if (of !== this.#of) this.#known = new WeakMap();
    this.#of = of;
    const kitchens = picture.kitchens.filter(({ key }) => !of || key === of);
    const until = performance.now() + SLICE;
    const spans = [];
    this.unfinished = false;
    for (let at = picture.ticks.length - 1; at >= 0 && picture.ticks[at].to > from; at -= 1) {
      let span = this.#known.get(picture.ticks[at]);
      if (!span && performance.now() > until) {
        this.unfinished = true;
        break;
      }
      span ??= this.#add(picture.ticks[at], kitchens);
      if (span) spans.push(span);
    }
    return spans.reverse();
  }

  #add(tick, kitchens) {
    let packets = null;
    let bits = null;
    for (const { meter, gone } of tick.gap ? [] : kitchens) {
      const rates = meter.at(tick);
      if (rates === undefined && gone === null) return null;
      if (!rates) continue;
      const lost = (rates.packets_dropped_by_kernel ?? 0) + (rates.packets_dropped_by_kitchen ?? 0);
      packets = plus(packets, split(rates, 0)?.concat(lost));
      bits = plus(bits, split(rates, 1)?.map((bytes) => 8 * bytes));
    }
    const span = { from: tick.from, to: tick.to, packets, bits };
    this.#known.set(tick, span);
    return span;
  }
}

function plus(sum, values) {
  if (!values) return sum;
  return sum ? sum.map((one, at) => one + values[at]) : values;
}
