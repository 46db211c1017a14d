// How chefs want to be shown. A hint is data from a stranger: it chooses among what the page has,
// and is checked here whatever was checked before.

export const VIEWS = ["bars", "top", "table", "lines", "text"];

// As docs/reference/display.md has them.
const MOST = { title: 80, unit: 16, key: 64, path: 8, columns: 12 };

/** Of the chefs in the box, whose payloads docs/reference/chefs-in-the-box.md describes. */
const BOX = new Map([
  ["PacketCountChef", {
    title: "Packets by layer", view: "bars", of: ["packet_counts"], rate: true, unit: "packets/s",
  }],
  ["DNSLookupChef", {
    title: "Names looked up", view: "top", of: ["lookups_seen"], value: "count", unit: "lookups",
  }],
  ["ARPChef", {
    title: "ARP table", view: "table", key: "src_ip", conflict: "src_hw",
    columns: ["src_ip", "src_hw", "operation", "dst_ip", "notes", "time"],
    // RFC 5227: who asks whether an address is free has none himself.
    nobody: ["0.0.0.0"],
  }],
]);

const string = (most) => (value) => typeof value === "string" && [...value].length <= most;
const key = (value) => value !== "" && string(MOST.key)(value);
const listOf = (most) => (value) =>
  Array.isArray(value) && value.length <= most && value.every((each) => key(each));

const CHECKS = new Map([
  ["title", string(MOST.title)],
  ["view", (value) => VIEWS.includes(value)],
  ["of", listOf(MOST.path)],
  ["rate", (value) => typeof value === "boolean"],
  ["value", key],
  ["columns", listOf(MOST.columns)],
  ["key", key],
  ["conflict", key],
  ["unit", string(MOST.unit)],
]);

/**
 * Check a hint.
 *
 * @param {unknown} told - as a kitchen announced it.
 * @returns {object|null} what is known of a hint, and nothing else; null if something is wrong.
 */
export function checked(told) {
  if (told === null || typeof told !== "object" || Array.isArray(told)) return null;
  const hint = Object.create(null);
  for (const [name, isGood] of CHECKS) {
    if (!Object.hasOwn(told, name)) continue;
    if (!isGood(told[name])) return null;
    hint[name] = Array.isArray(told[name]) ? [...told[name]] : told[name];
  }
  return hint;
}

/**
 * The hint for a chef: what a kitchen announces, else the page's own for a chef in the box.
 *
 * @param {string} chef - its class name.
 * @param {Array<object>} kitchens - as in a picture of status.js.
 * @returns {object|null}
 */
export function hintFor(chef, kitchens) {
  for (const { displays } of kitchens) {
    const told = displays && Object.hasOwn(displays, chef) ? checked(displays[chef]) : null;
    if (told) return told;
  }
  return BOX.get(chef) ?? null;
}

/** The part of a payload that a hint is about; undefined if it is not there. */
export function partOf(payload, path = []) {
  let part = payload;
  for (const name of path) {
    if (part === null || typeof part !== "object" || !Object.hasOwn(part, name)) return undefined;
    part = part[name];
  }
  return part;
}
