// The hub's status dumplings, one after another: who is there and who was, and what happened a second.

import { readStatus } from "./status-read.js";
import { Meter } from "./meter.js";

const GONE_FOR = 300; // s, for which those who have gone are still shown
const MOST_GONE = 100; // of each kind
const PAST = 900; // s of ticks that are kept

/**
 * What is known by the status dumplings so far.
 *
 * A picture is
 * - time: of the status dumpling, in seconds since the epoch by the hub's clock; uptime: seconds;
 * - rhythm: seconds from one to the next;
 * - hub: {in, out, dropped, lost, duplicates, refused: [[cause, times]]}, since the hub came up;
 * - kitchens: as status-read.js reads them, and {key, gone, since, meter}; gone is null, or when it
 *   was missed; the meter has its rates (see meter.js). Likewise eaters, and chefs of kitchens.
 * - ticks: [{from, to, gap}], oldest first: the spans between status dumplings for which rates are
 *   known; a gap is one that is too long to say anything of it, with nobody listening.
 */
export class StatusBook {
  picture = null;
  #kitchens = new Map();
  #eaters = new Map();
  #hub = new Meter(["in", "out", "dropped", "lost"]);
  #ticks = [];
  #interrupted = false;

  /** Note that the connection was lost: what comes next does not follow at once. */
  interrupted() {
    this.#interrupted = true;
  }

  /**
   * Take in a status dumpling.
   *
   * @param {any} dumpling - as JSON.parse gave it.
   * @returns {object|null} the picture now; null if it was none, or is older than the one before.
   */
  take(dumpling) {
    const read = readStatus(dumpling);
    const before = this.picture;
    if (!read || (before && read.time <= before.time)) return null;
    const tick = before ? this.#tick(before.time, read.time) : null;
    this.#interrupted = false;
    if (tick) this.#ticks.push(tick);
    while (this.#ticks.length && this.#ticks[0].to < read.time - PAST) this.#ticks.shift();

    if (before && read.uptime !== null && read.uptime < before.uptime) this.#hub.restart();
    this.#hub.read(read.time, tick, read.hub);
    this.#match(this.#kitchens, read.kitchens, read.time);
    this.#match(this.#eaters, read.eaters, read.time);
    for (const kitchen of this.#kitchens.values()) {
      if (kitchen.gone === null) measureKitchen(kitchen, read.time, tick);
    }
    for (const eater of this.#eaters.values()) {
      if (eater.gone === null) eater.meter.read(read.time, tick, eater);
    }
    this.picture = {
      ...read,
      rhythm: this.#rhythm(),
      hub: { ...read.hub, meter: this.#hub },
      kitchens: [...this.#kitchens.values()],
      eaters: [...this.#eaters.values()],
      ticks: this.#ticks,
    };
    return this.picture;
  }

  /** The span since the last status dumpling; a gap if nobody can have listened all the time. */
  #tick(from, to) {
    const interrupted = this.#interrupted;
    const usual = this.#rhythm();
    const known = this.#ticks.filter((tick) => !tick.interrupted).length >= 3;
    const gap = interrupted
      ? to - from > Math.max(2.5 * usual, 3)
      : known && to - from > Math.max(4 * usual, 10);
    return { from, to, interrupted, gap };
  }

  /** How many seconds a tick usually takes: the median of the latest; extra ones do not matter. */
  #rhythm() {
    const spans = this.#ticks.slice(-15).filter((tick) => !tick.interrupted)
      .map(({ from, to }) => to - from);
    return spans.length ? spans.sort((one, other) => one - other)[spans.length >> 1] : 5;
  }

  /** Bring who is there now together with who was there before. */
  #match(known, present, time) {
    const here = new Set();
    for (const peer of present) {
      const key = `${peer.name}\0${peer.host}\0${peer.port}`;
      const old = known.get(key) ?? back(known, peer);
      if (old) known.delete(old.key);
      const meters = old ?? { since: time, meter: newMeter(peer), chefMeters: new Map() };
      const { since, meter, chefMeters } = meters;
      known.set(key, { ...peer, key, since, meter, chefMeters, gone: null });
      here.add(key);
    }
    const gone = [];
    for (const peer of known.values()) {
      if (here.has(peer.key)) continue;
      peer.gone ??= time;
      if (time - peer.gone > GONE_FOR) known.delete(peer.key);
      else gone.push(peer);
    }
    gone.sort((one, other) => other.gone - one.gone);
    for (const peer of gone.slice(MOST_GONE)) known.delete(peer.key);
  }
}

const KITCHEN_METERS = [
  "packets_received", "packets_handled", "packets_dropped_by_kernel", "packets_dropped_by_interface",
  "packets_dropped_by_kitchen", "bytes_handled", "dumplings_made", "dumplings_dropped", "lost",
];

function newMeter(peer) {
  return peer.counts ? new Meter(KITCHEN_METERS) : new Meter(["sent", "dropped"]);
}

/** Who has come again by another connection: the same name and host, and was not seen since. */
function back(known, peer) {
  for (const old of known.values()) {
    if (old.gone !== null && old.name === peer.name && old.host === peer.host) return old;
  }
  return null;
}

function measureKitchen(kitchen, time, tick) {
  if (!kitchen.told) return;
  kitchen.meter.read(time, tick, { ...kitchen.counts, lost: kitchen.lost }, kitchen.layers);
  for (const chef of kitchen.chefs) {
    let meter = kitchen.chefMeters.get(chef.name);
    if (!meter) {
      meter = new Meter(["packets", "seconds", "dumplings", "errors", "missed"]);
      kitchen.chefMeters.set(chef.name, meter);
    }
    meter.read(time, tick, chef);
    chef.meter = meter;
  }
}
