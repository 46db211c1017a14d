// What was lost, and where, in numbers and in words.

import { compareNames, counted, short, span } from "./format.js";

export const BEHIND = 3; // s, from which on it is worth a word

const sum = (counts, names) => names.reduce((all, name) => all + (counts[name] ?? 0), 0);
const PACKETS = {
  packets_dropped_by_kernel: "by the kernel",
  packets_dropped_by_interface: "by an interface",
  packets_dropped_by_kitchen: "by the kitchen",
};

/**
 * Add up what kitchens lost of packets.
 *
 * What the interface drops, it drops before the filter; so the share is of what was there to be seen.
 *
 * @param {object[]} counts - of each kitchen, as it counts or by how much that has grown.
 * @returns {{lost: number, of: number, share: number, places: Array<[string, number]>}}
 */
export function packetsLost(counts) {
  const names = Object.keys(PACKETS);
  const lost = counts.reduce((all, one) => all + sum(one, names), 0);
  const of = counts.reduce(
    (all, one) => all + (one.packets_received ?? 0) + (one.packets_dropped_by_interface ?? 0), 0);
  const places = names
    .map((name) => [PACKETS[name], counts.reduce((all, one) => all + (one[name] ?? 0), 0)])
    .filter(([, number]) => number > 0);
  return { lost, of, share: lost ? lost / Math.max(lost, of) : 0, places };
}

/**
 * Say what was lost of packets.
 *
 * @returns {string} as "120 of 1.2 M packets: 100 by the kernel, 20 by an interface"; "" for nothing.
 */
export function packetsLostInWords({ lost, of, places }) {
  if (!lost) return "";
  const where = places.map(([place, number]) => `${short(number)} ${place}`).join(", ");
  return `${short(lost)} of ${short(of)} packets: ${where}`;
}

/** How bad it is with a kitchen: 0 for fine, up to 4 for losing something now. */
export function level(kitchen) {
  const { gone, meter, chefs, behind } = kitchen;
  if (gone === null && losing(meter.latest) > 0) return 4;
  if (gone === null && chefs.some(({ quarantined, stuck }) => quarantined !== null || stuck)) return 3;
  if (gone !== null || lostInAll(kitchen)) return 2;
  return chefs.some(({ errors }) => errors) || behind >= BEHIND ? 1 : 0;
}

/** What is lost a second, of packets and dumplings. */
export function losing(rates) {
  return rates ? sum(rates, [...Object.keys(PACKETS), "dumplings_dropped"]) : 0;
}

/** What was lost since the kitchen began, of packets and dumplings. */
export function lostInAll({ counts, lost, chefs }) {
  const missed = chefs.reduce((all, chef) => all + (chef.missed ?? 0), 0);
  const dumplings = Math.max(counts.dumplings_dropped ?? 0, lost ?? 0);
  return sum(counts, Object.keys(PACKETS)) + dumplings + missed;
}

/** Sort kitchens: those that lose most first, those where all is well by their name. */
export function worstFirst(kitchens) {
  return kitchens
    .map((kitchen) => [kitchen, level(kitchen), losing(kitchen.meter.latest), lostInAll(kitchen)])
    .sort(([one, ...how], [other, ...than]) => {
      const at = how.findIndex((value, index) => value !== than[index]);
      return at < 0 ? compareNames(one.name, other.name) : than[at] - how[at];
    })
    .map(([kitchen]) => kitchen);
}

/**
 * Say what is wrong with a kitchen, the worst first.
 *
 * @param {object} kitchen - of a picture.
 * @param {number} now - by the hub's clock.
 * @returns {Array<[string, string]>} in words, and the class of how bad that is: loss, odd or soft.
 */
export function troubles(kitchen, now) {
  const { counts, meter, gone, chefs, behind, lost } = kitchen;
  const said = [];
  if (gone !== null) said.push([`gone ${span(now - gone)}`, "soft"]);
  else if (losing(meter.latest) > 0) said.push([`losing ${short(losing(meter.latest))}/s`, "loss"]);
  for (const { name, stuck } of chefs) {
    if (stuck) said.push([`stuck ${span(stuck.seconds)} in ${name}.${stuck.handler}`, "loss"]);
  }
  for (const { name, quarantined } of chefs) {
    if (quarantined !== null) said.push([`quarantined ${name}`, "loss"]);
  }
  for (const [place, number] of packetsLost([counts]).places) {
    said.push([`${counted(number, "packet")} lost ${place}`, "loss"]);
  }
  const missed = chefs.reduce((all, chef) => all + (chef.missed ?? 0), 0);
  if (missed) said.push([`${counted(missed, "packet")} missed by slow chefs`, "loss"]);
  const dumplings = Math.max(counts.dumplings_dropped ?? 0, lost ?? 0);
  if (dumplings) said.push([`${counted(dumplings, "dumpling")} lost`, "loss"]);
  const errors = chefs.reduce((all, chef) => all + (chef.errors ?? 0), 0);
  if (errors) said.push([counted(errors, "error"), "odd"]);
  if (behind >= BEHIND) said.push([`${span(behind)} behind`, "odd"]);
  return said;
}
