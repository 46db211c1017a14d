// What is wrong with hubs and their backbone, in words.

import { compareNames, counted, span } from "./format.js";

/** How bad it is with a hub: 0 for fine, up to 3 for storing nothing. */
export function hubLevel({ state, backbone }) {
  if (state === "silent") return 2;
  if (state === "stopped") return 1;
  if (!backbone) return 0;
  if (!backbone.connected || backbone.problem || backbone.paused) return 3;
  return backbone.refused || backbone.differs.length ? 1 : 0;
}

/** Sort hubs: those with most trouble first, then the one that serves this page, then by name. */
export function worstHubsFirst(hubs) {
  return hubs.slice().sort((one, other) =>
    hubLevel(other) - hubLevel(one) || other.own - one.own || compareNames(one.name, other.name));
}

/**
 * Say what is wrong with a hub, the worst first.
 *
 * @param {object} hub - of a picture.
 * @param {number} now - by the hub's clock.
 * @returns {Array<[string, string]>} in words, and the class of how bad that is: loss, odd or soft.
 */
export function hubTroubles({ state, gone, backbone }, now) {
  if (state === "silent") return [[`silent for ${span(now - gone)}`, "odd"]];
  if (state === "stopped") return [[`stopped ${span(now - gone)} ago`, "soft"]];
  const said = [];
  const trouble = backbone && backboneTrouble(backbone);
  if (trouble) said.push([trouble, "odd"]);
  if (backbone?.paused) said.push(["takes no more from kitchens", "odd"]);
  if (trouble && backbone.waiting) said.push([`${counted(backbone.waiting, "dumpling")} waiting`, "odd"]);
  if (backbone?.refused) {
    said.push([`${counted(backbone.refused, "dumpling")} lost, too large for the backbone`, "loss"]);
  }
  for (const one of backbone?.differs ?? []) said.push([`the stream differs: ${one}`, "odd"]);
  return said;
}

/** Say why a hub stores nothing; empty if all is well. */
export function backboneTrouble({ connected, problem }) {
  if (!connected) return `no backbone${problem && `: ${problem}`}`;
  return problem && `stores nothing: ${problem}`;
}

/**
 * Say what is wrong with hubs so that whoever looks at anything must know it.
 *
 * @param {object[]} hubs - of a picture.
 * @returns {string[]} sentences, in which nothing changes from second to second.
 */
export function alarms(hubs) {
  const own = hubs.find((hub) => hub.own);
  const hears = !own?.backbone || own.backbone.connected;
  const said = [];
  for (const hub of worstHubsFirst(hubs)) {
    const name = hubs.length > 1 ? `Hub ${hub.name}` : "The hub";
    const trouble = hub.state === "up" && hub.backbone && backboneTrouble(hub.backbone);
    if (hub.state === "silent" && hears) said.push(`Nothing is heard of hub ${hub.name}.`);
    if (!trouble) continue;
    const verb = hub.backbone.connected ? "" : "has ";
    said.push(`${name} ${verb}${trouble}. What kitchens send ${hub.backbone.paused
      ? "is not taken any more: they keep it." : "waits until that is over."}`);
  }
  if (!hears && hubs.length > 1) said.push("So nothing is heard of the other hubs.");
  return said;
}
