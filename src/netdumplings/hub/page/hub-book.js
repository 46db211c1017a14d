// Several hubs that are one, status by status: which there are, how each is, and what happens there a second.

import { Meter } from "./meter.js";

const SAME = 0.05; // s, by which what was told once may seem to be of another time

export class HubBook {
  #meters = new Map(); // by key

  /** Begin anew. */
  forget() {
    this.#meters.clear();
  }

  /**
   * Take in what a status says of hubs.
   *
   * @param {object[]} hubs - as status-read.js reads them.
   * @param {string|null} own - the name of the one that says so.
   * @param {number} time - of the status.
   * @param {object|null} tick - the span since the last one.
   * @returns {object[]} the hubs, each with: own, whether it is that one; gone, when it was last heard if it
   *   is not there, or null; told, of when what it tells is; meter, which has its rates.
   */
  take(hubs, own, time, tick) {
    const meters = new Map();
    const found = [];
    for (const hub of hubs) {
      if (meters.has(hub.key)) continue;
      // Each tells of itself at a time of its own: the meter is read by that.
      const { meter, last } = this.#meters.get(hub.key) ?? { meter: newMeter(), last: null };
      const heard = time - hub.heard;
      const fresh = last === null || Math.abs(heard - last) > SAME;
      const told = fresh ? heard : last;
      if (fresh) meter.read(told, last === null ? null : tick, hub);
      meters.set(hub.key, { meter, last: told });
      const gone = hub.state === "up" ? null : told;
      found.push({ ...hub, own: hub.name === own, gone, told, meter });
    }
    this.#meters = meters;
    return found;
  }
}

const newMeter = () => new Meter(["in", "out", "dropped"], { remembers: false });
