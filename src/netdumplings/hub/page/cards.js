// A chef's card: its head, its kitchens, and what suits what it tells.

import { BarsCard } from "./card-bars.js";
import { GenericCard, LinesCard } from "./card-lines.js";
import { TableCard } from "./card-table.js";
import { TextCard } from "./card-text.js";
import { TopCard } from "./card-top.js";
import { inOrder, shortened } from "./bounds.js";
import { h, say } from "./dom.js";
import { counted } from "./format.js";
import { partOf } from "./hints.js";
import { shortTime } from "./moment.js";

const KINDS = new Map([
  ["bars", BarsCard],
  ["top", TopCard],
  ["table", TableCard],
  ["lines", LinesCard],
  ["text", TextCard],
]);
const ORDER = ["bars", "top", "lines", "text", undefined, "table"]; // wide ones at the end
const MOST_KITCHENS = 128; // of a chef
const NO_KITCHEN = "no kitchen";

export class ChefCard {
  /**
   * @param {string} chef - its class name.
   * @param {object|null} hint - as hints.js has checked it.
   * @param {function()} changed - called when this is to be drawn again.
   */
  constructor(chef, hint, changed) {
    this.chef = chef;
    this.hint = hint;
    this.changed = changed;
    this.kind = KINDS.get(hint?.view) ?? GenericCard;
    this.title = h("h2", { class: "chef-title" }, hint?.title || shortened(chef, 80));
    this.facts = h("p", { class: "chef-facts" });
    this.picker = h("select", {
      "aria-label": `Kitchen of ${shortened(chef, 80)}`,
      onchange: () => {
        this.isChosen = true;
        changed();
      },
    });
    this.place = h("div", { class: "chef-body" });
    this.element = h("article", {
      class: `card chef-card chef-${hint?.view ?? "generic"}`, "aria-label": hint?.title || shortened(chef, 80),
    }, h("header", { class: "chef-head" }, h("div", null, this.title, this.facts), this.picker), this.place);
    this.inSight = true;
    this.clear();
  }

  /** Whether this has its place before another, wherever both are. */
  isBefore(other) {
    const [mine, its] = [this, other].map((card) => ORDER.indexOf(card.hint?.view));
    return mine === its ? this.chef < other.chef : mine < its;
  }

  /** Forget all that was taken in. */
  clear() {
    this.kitchens = new Map(); // by name: {state}
    this.names = []; // of kitchens, sorted, as the picker has them
    this.isChosen = false; // one of them, by the user
    this.refused = 0;
    this.taken = 0;
    this.latest = Number.NaN;
    this.dirty = true;
    this.drawnAt = 0;
    this.picker.replaceChildren();
    this.card = new this.kind(this.hint ?? {}, this.changed);
    this.place.replaceChildren(this.card.element);
  }

  /** Take in a dumpling. */
  take({ kitchen, time, payload }) {
    const part = partOf(payload, this.hint?.of);
    if (part === undefined) return;
    let known = this.kitchens.get(kitchen);
    const isNew = !known;
    if (isNew) {
      if (this.kitchens.size >= MOST_KITCHENS) {
        this.refused += 1;
        return;
      }
      known = { state: this.card.newState() };
    }
    if (!this.card.take(known.state, part, { time })) return;
    if (isNew) {
      this.kitchens.set(kitchen, known);
      this.offer(kitchen);
    }
    this.taken += 1;
    this.latest = time;
    this.dirty = true;
  }

  offer(kitchen) {
    const after = this.names.findIndex((other) => inOrder(kitchen, other) < 0);
    const place = after < 0 ? this.names.length : after;
    this.names.splice(place, 0, kitchen);
    const option = h("option", null, kitchen === null ? NO_KITCHEN : shortened(kitchen, 64));
    this.picker.insertBefore(option, this.picker.options[place] ?? null);
    if (!this.isChosen) this.picker.selectedIndex = 0;
  }

  /**
   * Draw what was taken in.
   *
   * @param {string|null|undefined} kitchen - the one that is wanted in the whole view; undefined
   *   for all.
   * @param {function(string|null): boolean} isHere - whether a kitchen is connected.
   */
  draw(kitchen, isHere) {
    this.dirty = false;
    this.drawnAt = performance.now();
    const wanted = this.wanted(kitchen, isHere);
    this.picker.hidden = this.kind.merges || kitchen !== undefined || this.kitchens.size < 2;
    this.element.hidden = wanted.length === 0;
    if (wanted.length === 0) return;
    const names = wanted.map((name) => (name === null ? NO_KITCHEN : shortened(name, 64)));
    this.card.draw(wanted.map((name) => this.kitchens.get(name).state), names);
    const from = names.length === 1 ? names[0] : counted(names.length, "kitchen");
    const said = [from, `latest ${shortTime(this.latest)}`];
    if (this.hint?.title) said.unshift(shortened(this.chef, 80));
    if (this.refused) said.push(`some kitchens left out: at most ${MOST_KITCHENS} are shown`);
    say(this.facts, said.join(" · "));
  }

  /** The kitchens whose states are shown: those that are here, if any is. */
  wanted(kitchen, isHere) {
    const all = this.names;
    if (kitchen !== undefined) return this.kitchens.has(kitchen) ? [kitchen] : [];
    if (!this.kind.merges) return all.slice(Math.max(0, this.picker.selectedIndex)).slice(0, 1);
    const here = all.filter(isHere);
    return here.length ? here : all;
  }
}
