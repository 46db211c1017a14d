// Who is there: hubs if there are several, kitchens, their chefs, and eaters, with what each does and what
// went wrong.

import { h, say, set } from "./dom.js";
import { compareNames, counted, short, span, whole } from "./format.js";
import { worstHubsFirst } from "./hubs.js";
import { worstFirst } from "./losses.js";
import { nothingYet } from "./nothing-yet.js";
import { chefColumns, eaterColumns, hubColumns, kitchenColumns } from "./peers-columns.js";
import { SortTable } from "./sort-table.js";

export const id = "fleet";
export const title = "Fleet";

export function create(app) {
  const { book } = app;
  let now = 0;
  let drawn = null;
  const again = () => { drawn = null; };

  const hubs = new SortTable("Hubs", hubColumns(() => now), again);
  const kitchens = new SortTable("Kitchens", kitchenColumns(() => now), again);
  const chefs = new SortTable("Chefs", chefColumns(), again);
  const eaters = new SortTable("Eaters", eaterColumns(() => now), again);
  const parts = {
    hubs: part("Hubs", hubs, ""),
    kitchens: part("Kitchens", kitchens, "No kitchen is connected."),
    chefs: part("Chefs", chefs, "No chef is at work."),
    eaters: part("Eaters", eaters, "No eater is connected."),
  };
  const hub = h("p", { class: "soft hub-line" });
  const lists = h("div", null, Object.values(parts).map((one) => one.element));
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
    set(lists, "class", picture.hubs.length > 1 ? "peers several-hubs" : "peers one-hub");
    parts.hubs.element.hidden = picture.hubs.length === 0;
    parts.hubs.show(worstHubsFirst(picture.hubs), here(picture.hubs), null);
    const sorted = worstFirst(picture.kitchens);
    parts.kitchens.show(sorted, here(sorted), picture.kitchenCount);
    const cooks = allChefs(sorted);
    parts.chefs.show(cooks, here(cooks), null);
    const guests = picture.eaters.slice().sort((one, other) => (one.gone !== null) - (other.gone !== null)
      || (other.dropped ?? 0) - (one.dropped ?? 0) || compareNames(one.name, other.name));
    parts.eaters.show(guests, here(guests), picture.eaterCount);
  }

  return { element, update, show: again, hide() {} };
}

const here = (peers) => peers.filter(({ gone }) => gone === null).length;

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
      const all = told > present ? `${whole(told)}, ${whole(present)} of them told` : whole(present);
      say(count, gone ? `${all}; ${whole(gone)} gone` : all);
      empty.hidden = items.length > 0;
      table.element.hidden = items.length === 0;
      table.show(items);
    },
  };
}

function hubInWords({ uptime, hub, hubs }) {
  const refused = hub.refused.reduce((sum, [, times]) => sum + times, 0);
  const causes = hub.refused.map(([cause, times]) => `${cause} ${whole(times)}`).join(", ");
  const first = hubs.length > 1
    ? `${whole(here(hubs))} of ${counted(hubs.length, "hub")} are there, this one up for ${span(uptime)}; together they`
    : `The hub is up for ${span(uptime)}; it`;
  return `${first} took ${short(hub.in)} dumplings in and gave `
    + `${short(hub.out)} out${refused ? `, and refused ${counted(refused, "connection")} (${causes})` : ""}.`;
}

function allChefs(kitchens) {
  const chefs = kitchens.flatMap((kitchen) => kitchen.chefs.map((chef) => ({
    ...chef, key: `${kitchen.key}\0${chef.name}`, kitchen: kitchen.name, gone: kitchen.gone,
  })));
  const bad = (chef) => [
    chef.gone === null ? 1 : 0, chef.stuck ? 1 : 0, chef.quarantined !== null ? 1 : 0, chef.missed ?? 0,
    chef.errors ?? 0, chef.seconds ?? 0,
  ];
  return chefs.sort((one, other) => {
    const [a, b] = [bad(one), bad(other)];
    const at = a.findIndex((value, index) => value !== b[index]);
    return at < 0 ? compareNames(one.name, other.name) : b[at] - a[at];
  });
}
