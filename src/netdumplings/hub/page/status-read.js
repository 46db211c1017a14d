// What a status dumpling says, checked: kitchens and eaters announce what they like.

const MOST_PEERS = 2000; // of each kind that are looked at
const MOST_HUBS = 128;
const MOST_DIFFERS = 16;
const MOST_CHEFS = 200; // of a kitchen
const MOST_LAYERS = 16;
const NAME = 256; // characters
const LONG = 1024;

const COUNTS = [
  "packets_received", "packets_handled", "packets_dropped_by_kernel", "packets_dropped_by_interface",
  "packets_dropped_by_kitchen", "packets_waiting", "bytes_handled", "dumplings_made",
  "dumplings_acknowledged", "dumplings_held", "dumplings_dropped",
];

/** A whole number from 0 to what 64 bits hold, or null. */
export function count(value) {
  return Number.isInteger(value) && value >= 0 && value < 2 ** 64 ? value : null;
}

/** A finite number that is not negative, or null. */
export function measure(value) {
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : null;
}

/** A text of bounded length, or null. */
export function string(value, most = NAME) {
  if (typeof value !== "string") return null;
  return value.length > most ? `${value.slice(0, most)}…` : value;
}

/** An object that is no list, or an empty one. */
export function object(value) {
  return value !== null && typeof value === "object" && !Array.isArray(value) ? value : {};
}

const list = (value, most) => (Array.isArray(value) ? value.slice(0, most) : []);

/**
 * Read a status dumpling.
 *
 * @param {any} dumpling - as JSON.parse gave it.
 * @returns {object|null} null if it is none. Whatever is missing in it, or makes no sense, is null.
 */
export function readStatus(dumpling) {
  const { metadata, payload } = object(dumpling);
  const time = measure(object(metadata).creation_time);
  if (time === null || payload === null || typeof payload !== "object") return null;
  const ledger = object(payload.ledger);
  const refused = Object.entries(object(payload.refused)).slice(0, 64)
    .map(([cause, times]) => [string(cause), count(times)])
    .filter(([, times]) => times);
  return {
    time,
    uptime: measure(payload.server_uptime),
    hub: {
      in: count(payload.total_dumplings_in),
      out: count(payload.total_dumplings_out),
      dropped: count(payload.total_dumplings_dropped),
      lost: count(ledger.lost),
      duplicates: count(ledger.duplicates),
      refused,
    },
    name: string(payload.hub),
    hubs: list(payload.hubs, MOST_HUBS).map(readHub),
    kitchenCount: count(payload.dumpling_kitchen_count),
    eaterCount: count(payload.dumpling_eater_count),
    kitchens: list(payload.dumpling_kitchens, MOST_PEERS).map(readKitchen),
    eaters: list(payload.dumpling_eaters, MOST_PEERS).map(readEater),
  };
}

/** One of several hubs. */
function readHub(entry) {
  const told = object(entry);
  const name = string(told.name) ?? "?";
  return {
    key: string(told.id) ?? name,
    name,
    state: told.state === "up" || told.state === "stopped" ? told.state : "silent",
    heard: measure(told.heard) ?? 0,
    host: string(told.host) ?? "?",
    port: count(told.out_port) ?? 0,
    version: string(told.version, 64),
    uptime: measure(told.uptime),
    in: count(told.dumplings_in),
    out: count(told.dumplings_out),
    dropped: count(told.dumplings_dropped),
    kitchens: count(told.kitchens),
    eaters: count(told.eaters),
    backbone: readBackbone(told.backbone),
  };
}

/** How a hub stands with its backbone, or null if it says nothing of one. */
function readBackbone(told) {
  if (told === null || typeof told !== "object") return null;
  const storing = object(told.storing);
  return {
    connected: told.connected === true,
    server: string(told.server) ?? "",
    problem: string(told.problem, LONG) ?? "",
    paused: told.kitchens_paused === true,
    differs: list(told.differs, MOST_DIFFERS).map((one) => string(one, LONG)).filter((one) => one !== null),
    waiting: count(storing.waiting),
    stored: count(storing.stored),
    refused: count(storing.refused),
  };
}

function readKitchen(entry) {
  const told = object(object(entry).info_from_kitchen);
  const hub = object(object(entry).info_from_hub);
  const counts = object(told.counts);
  return {
    name: string(told.kitchen_name) ?? "?",
    ...place(hub),
    interface: words(told.interface),
    filter: string(told.filter, LONG),
    kernelFilter: string(counts.kernel_filter, LONG),
    version: string(told.version, 64),
    pokeInterval: measure(told.poke_interval),
    told: Object.keys(counts).length > 0,
    counts: Object.fromEntries(COUNTS.map((name) => [name, count(counts[name])])),
    behind: measure(counts.behind),
    layers: readTraffic(counts.traffic),
    chefs: readChefs(told, counts),
    displays: object(told.displays),
    ring: Object.hasOwn(told, "ring"),
    taken: count(hub.taken),
    duplicates: count(hub.duplicates),
    lost: count(hub.lost),
  };
}

/** Packets and bytes by layer, or null if the kitchen does not count them. */
function readTraffic(traffic) {
  if (traffic === null || typeof traffic !== "object" || Array.isArray(traffic)) return null;
  const layers = new Map();
  for (const [name, pair] of Object.entries(traffic).slice(0, MOST_LAYERS)) {
    const [packets, bytes] = list(pair, 2).map(count);
    if ((packets ?? null) !== null && (bytes ?? null) !== null) {
      layers.set(string(name, 32), [packets, bytes]);
    }
  }
  return layers;
}

/** The chefs that were announced, with what was counted of each. */
function readChefs(told, counts) {
  const done = object(counts.chefs);
  const quarantined = object(counts.quarantined);
  const stuck = object(counts.stuck);
  const notWanted = new Set(list(counts.not_wanted, MOST_CHEFS).map((name) => string(name)));
  const chefs = new Map();
  const add = (name, module) => {
    if (name === null || chefs.size >= MOST_CHEFS || chefs.has(name)) return;
    const of = object(Object.hasOwn(done, name) ? done[name] : null);
    chefs.set(name, {
      name,
      module,
      packets: count(of.packets),
      seconds: measure(of.seconds),
      dumplings: count(of.dumplings),
      errors: count(of.errors),
      missed: count(of.packets_missed),
      quarantined: Object.hasOwn(quarantined, name) ? string(quarantined[name], LONG) ?? "?" : null,
      notWanted: notWanted.has(name),
      stuck: stuck.chef === name ? { handler: string(stuck.handler), seconds: measure(stuck.seconds) } : null,
    });
  };
  for (const full of list(told.chefs, MOST_CHEFS)) {
    const whole = string(full);
    const dot = whole?.lastIndexOf(".") ?? -1;
    add(whole === null ? null : whole.slice(dot + 1), dot > 0 ? whole.slice(0, dot) : null);
  }
  for (const name of Object.keys(done)) add(string(name), null);
  return [...chefs.values()];
}

function readEater(entry) {
  const told = object(object(entry).info_from_eater);
  const hub = object(object(entry).info_from_hub);
  return {
    name: string(told.eater_name) ?? "?",
    ...place(hub),
    version: string(told.version, 64),
    sent: count(hub.sent) ?? count(hub.dumplings_out),
    filteredOut: count(hub.filtered_out),
    dropped: count(hub.dropped) ?? count(hub.dumplings_dropped),
    waiting: count(hub.waiting),
  };
}

const place = (hub) => ({
  host: string(hub.host) ?? "?", port: count(hub.port) ?? 0, hub: string(hub.hub),
});

/** An interface may be one name, or several. */
function words(value) {
  if (!Array.isArray(value)) return string(value, LONG);
  return list(value, 32).map((one) => string(one) ?? "?").join(", ");
}
