// The columns of the tables of hubs, kitchens, chefs and eaters. now is a function: the hub's clock.

import { h } from "./dom.js";
import { percent, short, span } from "./format.js";
import { hubLevel, hubTroubles } from "./hubs.js";
import { BEHIND, level, lostInAll, packetsLost, troubles } from "./losses.js";
import { cell } from "./sort-table.js";

// At which hub somebody is: seen only where there are several.
const AT = { title: "Hub", class: "at-hub", value: ({ hub }) => hub };

export const hubColumns = (now) => [
  who("Hub"),
  {
    title: "State", wide: true, value: (hub) => -hubLevel(hub),
    show: (hub) => state(hubTroubles(hub, now())),
  },
  number("Kitchens", ({ kitchens }) => kitchens),
  number("Eaters", ({ eaters }) => eaters),
  rate("in/s", "in"),
  rate("out/s", "out"),
  number("Missed", ({ dropped }) => dropped, "Dumplings that its slow eaters missed", "loss"),
  number("Waiting", ({ backbone }) => backbone?.waiting ?? null, "What the backbone does not have yet"),
  {
    title: "Up", number: true, value: ({ uptime }) => uptime,
    show: ({ uptime, gone }) => (uptime === null || gone !== null ? "–" : span(uptime)),
  },
  { title: "Version", value: ({ version }) => version },
];

export const kitchenColumns = (now) => [
  who("Kitchen"),
  {
    title: "State", wide: true, value: (kitchen) => -level(kitchen),
    show: (kitchen) => state(troubles(kitchen, now())),
  },
  AT,
  { title: "Interface", half: true, value: (kitchen) => kitchen.interface },
  { title: "Filter", wide: true, half: true, value: ({ filter }) => filter, show: filtered },
  rate("packets/s", "packets_handled"),
  rate("bit/s", "bytes_handled", 8),
  rate("dumplings/s", "dumplings_made"),
  {
    title: "Lost", number: true, about: "Packets and dumplings, since the kitchen began",
    value: lostInAll, show: lost,
  },
  {
    title: "Lag", number: true, about: "How old the packets are that it handles",
    value: ({ behind }) => behind,
    show: ({ behind }) => (behind === null ? "–" : marked(behind >= BEHIND && "odd", span(behind))),
  },
  number("Held", ({ counts }) => counts.dumplings_held, "Dumplings that wait for a hub"),
  { title: "Version", value: ({ version }) => version },
];

export const chefColumns = () => [
  {
    title: "Chef", value: ({ name }) => name,
    show: ({ name, module }) => cell([name, module], () => named(name, module)),
  },
  { title: "Kitchen", half: true, value: ({ kitchen }) => kitchen },
  {
    title: "State", wide: true, half: true,
    value: ({ quarantined, stuck, notWanted }) =>
      -4 * Boolean(stuck) - 2 * (quarantined !== null) - notWanted,
    show: ({ quarantined, stuck, notWanted, gone }) => state([
      ...(gone !== null ? [["gone", "soft"]] : []),
      ...(stuck ? [[`stuck ${span(stuck.seconds)} in ${stuck.handler}`, "loss"]] : []),
      ...(quarantined !== null ? [[`quarantined: ${quarantined}`, "loss"]] : []),
      ...(notWanted ? [["not wanted", "soft"]] : []),
    ]),
  },
  rate("packets/s", "packets"),
  {
    title: "Busy", number: true, about: "What part of the time the chef is at work", value: busy,
    show: (chef) => (busy(chef) === null ? "–" : percent(busy(chef))),
  },
  {
    title: "Per packet", number: true, about: "How long it takes for one, on average", value: each,
    show: (chef) => (each(chef) === null ? "–" : `${short(each(chef) * 1e6)}\u00a0µs`),
  },
  number("Dumplings", ({ dumplings }) => dumplings, "Since the kitchen began"),
  number("Errors", ({ errors }) => errors, "How often it raised, or returned what is no payload", "odd"),
  number("Missed", ({ missed }) => missed, "Packets that came faster than it could take them", "loss"),
];

export const eaterColumns = (now) => [
  who("Eater"),
  {
    title: "State", wide: true, value: ({ gone }) => gone,
    show: ({ gone, meter }) => {
      if (gone !== null) return state([[`gone ${span(now() - gone)}`, "soft"]]);
      const missing = meter.latest?.dropped ?? 0;
      return state(missing > 0 ? [[`missing ${short(missing)}/s`, "loss"]] : []);
    },
  },
  AT,
  rate("dumplings/s", "sent"),
  number("Sent", ({ sent }) => sent),
  number("Filtered out", ({ filteredOut }) => filteredOut, "What it has not subscribed to"),
  number("Missed", ({ dropped }) => dropped, "What came faster than it reads", "loss"),
  number("Waiting", ({ waiting }) => waiting, "What it has not read yet"),
];

function who(title) {
  return {
    title, value: ({ name }) => name,
    show: ({ name, host, port }) => cell([name, host, port], () => named(name, `${host}:${port}`)),
  };
}

const named = (name, more) => [
  h("span", { class: "name" }, name), " ", more && h("span", { class: "soft small" }, more),
];

function rate(title, name, times = 1) {
  const value = ({ meter, gone }) => (gone === null ? meter?.latest?.[name] ?? null : null);
  return {
    title, number: true, value,
    show: (item) => (value(item) === null ? "–" : short(times * value(item))),
  };
}

function number(title, value, about = null, mark = null) {
  const text = (item) => (value(item) === null ? "–" : short(value(item)));
  return {
    title, number: true, about, value,
    show: (item) => marked(value(item) > 0 && mark, text(item)),
  };
}

function filtered({ filter, kernelFilter }) {
  if (filter === null) return "–";
  const wide = () => (filter === "" ? "everything" : h("code", null, filter));
  if (kernelFilter !== null) {
    return cell([filter, kernelFilter], () =>
      [wide(), " ", h("span", { class: "soft small", title: kernelFilter }, "that a chef is for")]);
  }
  return filter === "" ? "everything" : cell(filter, wide);
}

function lost(kitchen) {
  const all = lostInAll(kitchen);
  const { share } = packetsLost([kitchen.counts]);
  return marked(all > 0 && "loss", share ? `${short(all)} (${percent(share)})` : short(all));
}

const marked = (mark, text) => (mark ? cell([mark, text], () => h("strong", { class: mark }, text)) : text);
const busy = ({ meter }) => meter?.latest?.seconds ?? null;
const each = ({ packets, seconds }) => (packets && seconds ? seconds / packets : null);

function state(said) {
  if (!said.length) return cell("well", () => h("span", { class: "good" }, "well"));
  return cell(said, () => h("ul", { class: "troubles" },
    said.map(([what, mark]) => h("li", { class: mark }, what))));
}
