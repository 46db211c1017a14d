// Who is there: kitchens, their chefs, and eaters, with what each does and what went wrong.

import { h, say } from "./dom.js";
import { counted, percent, short, span, whole } from "./format.js";
import { BEHIND, level, lostInAll, packetsLost, troubles, worstFirst } from "./losses.js";
import { nothingYet } from "./nothing-yet.js";
import { SortTable, cell } from "./sort-table.js";

export const id = "fleet";
export const title = "Fleet";

export function create(app) {
  const { book } = app;
  let now = 0;
  let drawn = null;
  const again = () => { drawn = null; };

  const kitchens = new SortTable("Kitchens", kitchenColumns(() => now), again);
  const chefs = new SortTable("Chefs", chefColumns(), again);
  const eaters = new SortTable("Eaters", eaterColumns(() => now), again);
  const parts = {
    kitchens: part("Kitchens", kitchens, "No kitchen is connected."),
    chefs: part("Chefs", chefs, "No chef is at work."),
    eaters: part("Eaters", eaters, "No eater is connected."),
  };
  const hub = h("p", { class: "soft hub-line" });
  const lists = h("div", { class: "peers" }, Object.values(parts).map((one) => one.element));
  const element = h("div", { class: "peers" }, hub, lists);

  function update() {
    const { picture } = book;
    if (!picture) {
      say(hub, nothingYet(app));
      lists.hidden = true;
      return;
    }
    now = app.hub.state.state === "open" ? picture.time : book.now();
    if (drawn && drawn.picture === picture && now - drawn.now < 0.9) return;
    drawn = { picture, now };
    lists.hidden = false;
    say(hub, hubInWords(picture));
    const sorted = worstFirst(picture.kitchens);
    parts.kitchens.show(sorted.map(marked), here(sorted), picture.kitchenCount);
    const cooks = allChefs(sorted);
    parts.chefs.show(cooks, here(cooks), null);
    const guests = picture.eaters.slice().sort((one, other) =>
      (one.gone !== null) - (other.gone !== null) || (other.dropped ?? 0) - (one.dropped ?? 0)
      || one.name.localeCompare(other.name));
    parts.eaters.show(guests, here(guests), picture.eaterCount);
  }

  return { element, update, show: again, hide() {} };
}

const here = (peers) => peers.filter(({ gone }) => gone === null).length;
const marked = (kitchen) => ({ ...kitchen, mark: level(kitchen) >= 2 && kitchen.gone === null ? "bad" : null });

function part(title, table, nothing) {
  const count = h("span", { class: "soft small" });
  const empty = h("p", { class: "soft" }, nothing);
  const id = `peers-${title.toLowerCase()}`;
  const element = h("section", { class: "card", "aria-labelledby": id },
    h("div", { class: "chart-head" }, h("h2", { id }, title), count), empty, table.element);
  return {
    element,
    show(items, present, told) {
      const gone = items.length - present;
      // A hub with very many peers tells of some by number only.
      const all = told !== null && told > present ? `${whole(told)}, ${whole(present)} of them told` : whole(present);
      say(count, gone ? `${all}; ${whole(gone)} gone` : all);
      empty.hidden = items.length > 0;
      table.element.hidden = items.length === 0;
      table.show(items);
    },
  };
}

function hubInWords({ uptime, hub }) {
  const refused = hub.refused.reduce((sum, [, times]) => sum + times, 0);
  const causes = hub.refused.map(([cause, times]) => `${cause} ${whole(times)}`).join(", ");
  return `The hub is up for ${span(uptime)}; it took ${short(hub.in)} dumplings in and gave ${short(hub.out)} out`
    + `${refused ? `, and refused ${counted(refused, "connection")} (${causes})` : ""}.`;
}

function kitchenColumns(now) {
  return [
    {
      title: "Kitchen", value: ({ name }) => name,
      show: ({ name, host, port }) => cell([name, host, port], () => [
        h("span", { class: "name" }, name), " ", h("span", { class: "soft small" }, `${host}:${port}`)]),
    },
    {
      title: "State", wide: true, value: (kitchen) => -level(kitchen),
      show: (kitchen) => state(troubles(kitchen, now())),
    },
    { title: "Interface", half: true, value: ({ interface: name }) => name },
    {
      title: "Filter", wide: true, half: true, value: ({ filter }) => filter,
      show: ({ filter }) => cell(filter, () => filter === "" ? "everything" : filter === null ? "–" : h("code", null, filter)),
    },
    rate("packets/s", "packets_handled"),
    rate("bit/s", "bytes_handled", 8),
    rate("dumplings/s", "dumplings_made"),
    {
      title: "Lost", number: true, value: lostInAll,
      show: (kitchen) => {
        const lost = lostInAll(kitchen);
        const { share } = packetsLost([kitchen.counts]);
        return red(lost, lost && share ? `${short(lost)} (${percent(share)})` : short(lost));
      },
    },
    {
      title: "Lag", number: true, value: ({ behind }) => behind,
      show: ({ behind }) => behind === null ? "–" : cell(behind >= BEHIND ? span(behind) : [behind], () =>
        behind >= BEHIND ? h("strong", { class: "loss" }, span(behind)) : span(behind)),
    },
    { title: "Held", number: true, value: ({ counts }) => counts.dumplings_held, show: ({ counts }) => number(counts.dumplings_held) },
    { title: "Version", value: ({ version }) => version },
  ];
}

function chefColumns() {
  return [
    {
      title: "Chef", value: ({ name }) => name,
      show: ({ name, module }) => cell([name, module], () => [
        h("span", { class: "name" }, name), " ", module && h("span", { class: "soft small" }, module)]),
    },
    { title: "Kitchen", half: true, value: ({ kitchen }) => kitchen },
    {
      title: "State", wide: true, half: true, value: ({ quarantined, stuck }) => (quarantined !== null) + 2 * Boolean(stuck),
      show: ({ quarantined, stuck, gone }) => state([
        ...(gone !== null ? [["gone", false]] : []),
        ...(stuck ? [[`stuck ${span(stuck.seconds)} in ${stuck.handler}`, true]] : []),
        ...(quarantined !== null ? [[`quarantined: ${quarantined}`, true]] : []),
      ]),
    },
    rate("packets/s", "packets"),
    {
      title: "Busy", number: true, value: ({ meter }) => meter?.latest?.seconds ?? null,
      show: ({ meter }) => (Number.isFinite(meter?.latest?.seconds) ? percent(meter.latest.seconds) : "–"),
    },
    {
      title: "Per packet", number: true, value: each,
      show: (chef) => each(chef) === null ? "–" : `${short(each(chef) * 1e6)}\u00a0µs`,
    },
    { title: "Dumplings", number: true, value: ({ dumplings }) => dumplings, show: ({ dumplings }) => number(dumplings) },
    { title: "Errors", number: true, value: ({ errors }) => errors, show: ({ errors }) => red(errors, number(errors)) },
    { title: "Missed", number: true, value: ({ missed }) => missed, show: ({ missed }) => red(missed, number(missed)) },
  ];
}

function eaterColumns(now) {
  return [
    {
      title: "Eater", value: ({ name }) => name,
      show: ({ name, host, port }) => cell([name, host, port], () => [
        h("span", { class: "name" }, name), " ", h("span", { class: "soft small" }, `${host}:${port}`)]),
    },
    {
      title: "State", wide: true, value: ({ gone }) => gone,
      show: ({ gone, meter }) => state(gone !== null ? [[`gone ${span(now() - gone)}`, false]]
        : meter.latest?.dropped > 0 ? [[`missing ${short(meter.latest.dropped)}/s`, true]] : []),
    },
    rate("dumplings/s", "sent"),
    { title: "Sent", number: true, value: ({ sent }) => sent, show: ({ sent }) => number(sent) },
    { title: "Filtered out", number: true, value: ({ filteredOut }) => filteredOut, show: ({ filteredOut }) => number(filteredOut) },
    { title: "Missed", number: true, value: ({ dropped }) => dropped, show: ({ dropped }) => red(dropped, number(dropped)) },
    { title: "Waiting", number: true, value: ({ waiting }) => waiting, show: ({ waiting }) => number(waiting) },
  ];
}

function rate(title, name, times = 1) {
  const value = ({ meter, gone }) => (gone === null ? meter?.latest?.[name] ?? null : null);
  return {
    title, number: true, value,
    show: (item) => value(item) === null ? "–" : short(times * value(item)),
  };
}

const number = (value) => (value === null ? "–" : short(value));
const red = (value, text) => (value ? cell(["red", text], () => h("strong", { class: "loss" }, text)) : text);
const each = ({ packets, seconds }) => (packets && seconds ? seconds / packets : null);

function state(said) {
  if (!said.length) return cell("well", () => h("span", { class: "good" }, "well"));
  return cell(said, () => h("ul", { class: "troubles" }, said.map(([what, lost]) =>
    h("li", { class: lost ? "loss" : "soft" }, what))));
}

function allChefs(kitchens) {
  const chefs = kitchens.flatMap((kitchen) => kitchen.chefs.map((chef) => ({
    ...chef, key: `${kitchen.key}\0${chef.name}`, kitchen: kitchen.name, gone: kitchen.gone,
    mark: kitchen.gone === null && (chef.quarantined !== null || chef.stuck) ? "bad" : null,
  })));
  const bad = (chef) => [
    chef.gone === null ? 1 : 0, chef.stuck ? 1 : 0, chef.quarantined !== null ? 1 : 0, chef.missed ?? 0,
    chef.errors ?? 0, chef.seconds ?? 0,
  ];
  return chefs.sort((one, other) => {
    const [a, b] = [bad(one), bad(other)];
    const at = a.findIndex((value, index) => value !== b[index]);
    return at < 0 ? one.name.localeCompare(other.name) : b[at] - a[at];
  });
}
