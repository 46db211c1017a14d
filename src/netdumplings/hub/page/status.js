// The hub's status dumplings, one after another: who is there and who was, and what happened a second.

import { readStatus } from "./status-read.js";
import { HubBook } from "./hub-book.js";
import { Meter } from "./meter.js";

const GONE_FOR = 300; // s, for which those who have gone are still shown
const MOST_GONE = 100; // of each kind
const PAST = 310; // s of ticks that are kept

/**
 * What is known by the status dumplings so far.
 *
 * A picture is
 * - time: of the status dumpling, in seconds since the epoch by the hub's clock; uptime: seconds;
 * - rhythm: seconds from one to the next; null while that is not known;
 * - hub: {in, out, dropped, lost, duplicates, refused: [[cause, times]]}, since the hub came up;
 * - name: what the hub is called; hubs: all of them, as hub-book.js has them; empty if it is alone.
 * - kitchens: as status-read.js reads them, and {key, gone, since, meter}; gone is null, or when it
 *   was missed; the meter has its rates (see meter.js). Likewise eaters, and chefs of kitchens.
 * - ticks: [{from, to, gap}], oldest first: the spans between status dumplings for which rates are
 *   known; a gap is one that is too long to say anything of it, with nobody listening.
 */
export class StatusBook {
  picture = null;
  /** Whether the hub does not tell this page, for its token's lack of a role. */
  refused = false;
  #kitchens = new Map();
  #eaters = new Map();
  #hub = new Meter(["in", "out", "dropped", "lost"]);
  #hubs = new HubBook();
  #ticks = [];
  #interrupted = false;
  #taken = 0; // when the latest came, by this page's clock

  /** Note that the connection was lost: what comes next does not follow at once. */
  interrupted() {
    this.#interrupted = true;
  }

  /** What the hub's clock shows now, in seconds since the epoch; null before the first status. */
  now() {
    return this.picture && this.picture.time + (performance.now() - this.#taken) / 1000;
  }

  /**
   * Take in a status dumpling.
   *
   * @param {any} dumpling - as JSON.parse gave it.
   * @param {{past?: boolean}} [what] - past: it is one of those that the hub has kept.
   * @returns {object|null} the picture now; null if it was none, or was known.
   */
  take(dumpling, { past = false } = {}) {
    const read = readStatus(dumpling);
    if (!read) return null;
    if (this.picture && read.time <= this.picture.time) {
      if (past || read.time === this.picture.time) return null;
      this.#forget(); // its clock was set back: nothing of before can be compared
    }
    const before = this.picture;
    this.#taken = performance.now();
    const tick = before ? this.#tick(before.time, read.time) : null;
    this.#interrupted = false;
    if (tick) this.#ticks.push(tick);
    while (this.#ticks.length && this.#ticks[0].to < read.time - PAST) this.#ticks.shift();

    if (before && read.uptime < before.uptime) this.#hub.restart();
    this.#hub.read(read.time, tick, read.hub);
    const hubs = this.#hubs.take(read.hubs, read.name, read.time, tick);
    this.#match(this.#kitchens, read.kitchens, read.time);
    this.#match(this.#eaters, read.eaters, read.time);
    // What is told of a peer at another hub is of when that was heard.
    const told = new Map(hubs.map((hub) => [hub.name, hub.told]));
    const when = ({ hub }) => told.get(hub) ?? read.time;
    for (const kitchen of this.#kitchens.values()) {
      if (kitchen.gone === null) measureKitchen(kitchen, when(kitchen), ticked(kitchen, tick));
    }
    for (const eater of this.#eaters.values()) {
      if (eater.gone === null) eater.meter.read(when(eater), ticked(eater, tick), eater);
    }
    this.picture = {
      ...read,
      rhythm: this.#rhythm(),
      hub: { ...read.hub, meter: this.#hub },
      hubs,
      kitchens: [...this.#kitchens.values()],
      eaters: [...this.#eaters.values()],
      ticks: this.#ticks,
    };
    return this.picture;
  }

  /** The span since the last status dumpling; a gap if nobody can have listened all the time. */
  #tick(from, to) {
    const interrupted = this.#interrupted;
    const usual = this.#rhythm() ?? 5;
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
    return spans.length ? spans.sort((one, other) => one - other)[spans.length >> 1] : null;
  }

  #forget() {
    this.picture = null;
    this.#kitchens.clear();
    this.#eaters.clear();
    this.#hub.restart();
    this.#hubs.forget();
    this.#ticks = [];
  }

  /** Bring who is there now together with who was there before. */
  #match(known, present, time) {
    const here = new Set(present.map(keyOf));
    const absent = new Set([...known.values()].filter((peer) => !here.has(peer.key)));
    for (const peer of present) {
      const key = keyOf(peer);
      const old = known.get(key) ?? back(absent, peer);
      if (old) known.delete(old.key);
      const { since, meter, chefMeters } =
        old ?? { since: time, meter: newMeter(peer), chefMeters: new Map() };
      const again = old !== undefined && (old.gone !== null || old.key !== key);
      known.set(key, { ...peer, key, since, meter, chefMeters, again, gone: null });
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

const CHEF_METERS = ["packets", "seconds", "dumplings", "errors", "missed"];

function newMeter(peer) {
  return peer.counts
    ? new Meter(KITCHEN_METERS)
    : new Meter(["sent", "dropped"], { remembers: false });
}

/** The span for a peer: for one that was away, nothing can be said of it. */
const ticked = (peer, tick) => (peer.again && tick ? { ...tick, gap: true } : tick);

const keyOf = ({ name, host, port, hub }) => `${name}\0${host}\0${port}${hub === null ? "" : `\0${hub}`}`;

/** Take out who has come again by another connection: of the same name, from the same host. */
function back(absent, peer) {
  for (const old of absent) {
    if (old.name !== peer.name || old.host !== peer.host) continue;
    absent.delete(old);
    return old;
  }
  return undefined;
}

function measureKitchen(kitchen, time, tick) {
  if (!kitchen.told) return;
  kitchen.meter.read(time, tick, { ...kitchen.counts, lost: kitchen.lost }, kitchen.layers);
  for (const chef of kitchen.chefs) {
    let meter = kitchen.chefMeters.get(chef.name);
    if (!meter) {
      meter = new Meter(CHEF_METERS, { remembers: false });
      kitchen.chefMeters.set(chef.name, meter);
    }
    meter.read(time, tick, chef);
    chef.meter = meter;
  }
}
