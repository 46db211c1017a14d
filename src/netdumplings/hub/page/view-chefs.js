// The view of chefs: a card for each, which suits what it tells.

import { inOrder, shortened } from "./bounds.js";
import { ChefCard } from "./cards.js";
import { h, say } from "./dom.js";
import { feedOf } from "./feed.js";
import { counted, whole } from "./format.js";
import { hintFor } from "./hints.js";
import { glance } from "./json-scan.js";
import { Notice } from "./notice.js";
import { Slices } from "./slices.js";

export const id = "chefs";
export const title = "Chefs";

const MOST_CHEFS = 64;
const MOST_WAITING = 20_000; // dumplings to be read; of more, the latest are read
const MOST_KITCHENS = 500; // to choose from
const EVERY = 250; // ms between two pictures of a card
const SLICE = 8; // ms of drawing in a frame
const FOLLOW = 5000; // ms between two times that cards are made anew for other hints

export function create(app) {
  return new View(app);
}

class View {
  constructor(app) {
    this.app = app;
    this.feed = feedOf(app);
    this.cards = new Map(); // by chef
    this.order = []; // the same, as they are in the document
    this.picture = null;
    this.present = null; // names of kitchens
    this.refused = new Set(); // chefs that have no card
    this.slices = new Slices((hasTime) => this.read(hasTime));
    this.names = []; // of kitchens, sorted, as they are to choose from
    this.known = new Set(); // the same
    this.picker = h("select", { "aria-label": "Kitchen", onchange: () => this.redraw() },
      h("option", null, "all kitchens"));
    this.search = h("input", {
      type: "search", placeholder: "Find a chef", "aria-label": "Find a chef", spellcheck: "false",
      autocomplete: "off", maxlength: "100", oninput: () => this.redraw(),
    });
    this.notice = new Notice();
    this.grid = h("div", { class: "chef-grid" });
    this.empty = h("p", { class: "notice" });
    this.element = h("div", { class: "chefs" },
      h("div", { class: "chefs-bar", role: "toolbar", "aria-label": "Chefs" }, this.picker, this.search,
        this.notice.element),
      this.empty, this.grid);
    this.sight = new IntersectionObserver((seen) => this.onSight(seen), { rootMargin: "200px" });
    this.next = this.feed.first; // to be read
    this.unread = 0;
    this.caughtUp = false;
    this.isHinted = false; // since the hints were looked at
    this.followedAt = 0;
    this.again = new Set(); // chefs whose dumplings are read once more, before all others
    this.againNext = 0;
    this.timer = 0;
    app.hub.on("status", (picture) => this.onStatus(picture));
  }

  show() {
    this.caughtUp = false;
    this.redraw();
    this.slices.wake();
  }

  hide() {
    this.slices.stop();
    clearTimeout(this.timer);
    this.timer = 0;
  }

  update() {
    this.followHints();
    this.slices.wake();
    const until = performance.now() + SLICE;
    let isLeft = false; // something to be drawn, a little later
    for (const card of this.cards.values()) {
      // One that had nothing to show is hidden, so nobody can scroll to it: it is looked at all the same.
      if (!card.dirty || (!card.inSight && !card.element.hidden && card.drawnAt)) continue;
      const at = performance.now();
      if (at > until || at - card.drawnAt < EVERY) isLeft = true;
      else this.draw(card);
    }
    if (isLeft && !this.timer) {
      this.timer = setTimeout(() => {
        this.timer = 0;
        this.app.changed();
      }, EVERY / 10);
    }
    this.tell();
  }

  draw(card) {
    const title = `${card.hint?.title ?? ""} ${card.chef}`.toLowerCase();
    card.element.classList.toggle("left-out", !title.includes(this.search.value.toLowerCase()));
    card.draw(this.wantedKitchen(), (name) => this.present === null || this.present.has(name));
  }

  redraw() {
    for (const card of this.cards.values()) {
      card.dirty = true;
      card.drawnAt = 0;
    }
    this.app.changed();
  }

  /** The kitchen that is chosen: undefined for all. */
  wantedKitchen() {
    const at = this.picker.selectedIndex;
    return at <= 0 ? undefined : this.names[at - 1];
  }

  /** Read what has come while there is time; returns whether there is more. */
  read(hasTime) {
    const { feed } = this;
    if (!this.readAgain(hasTime)) return true;
    if (this.caughtUp && feed.next - this.next > MOST_WAITING) this.skip(feed.next - MOST_WAITING / 4);
    if (this.next < feed.first) this.skip(feed.first);
    const before = this.next;
    while (this.next < feed.next && hasTime()) {
      const entry = feed.at(this.next);
      this.next += 1;
      if (typeof entry === "string") this.take(entry);
    }
    if (this.next !== before) this.app.changed();
    if (this.next >= feed.next) this.caughtUp = true;
    return this.next < feed.next;
  }

  /** Read those of some chefs once more, as far as all were read; returns whether that is done. */
  readAgain(hasTime) {
    this.againNext = Math.max(this.againNext, this.feed.first);
    while (this.again.size > 0 && this.againNext < this.next) {
      if (!hasTime()) return false;
      const entry = this.feed.at(this.againNext);
      this.againNext += 1;
      if (typeof entry === "string" && this.again.has(glance(entry)?.chef)) this.take(entry);
    }
    this.again.clear();
    return true;
  }

  skip(to) {
    this.unread += to - this.next;
    this.next = to;
  }

  take(line) {
    const dumpling = readDumpling(line);
    if (dumpling === null) return;
    let card = this.cards.get(dumpling.chef);
    if (!card) {
      if (this.cards.size >= MOST_CHEFS) {
        if (this.refused.size < 1000) this.refused.add(shortened(dumpling.chef, 80));
        return;
      }
      card = this.addCard(dumpling.chef, hintFor(dumpling.chef, this.picture?.kitchens ?? []));
    }
    this.meet(dumpling.kitchen);
    card.take(dumpling);
  }

  addCard(chef, hint) {
    const card = new ChefCard(chef, hint, () => {
      card.dirty = true;
      card.drawnAt = 0;
      this.app.changed();
    });
    this.cards.set(chef, card);
    this.sight.observe(card.element);
    const after = this.order.findIndex((other) => card.isBefore(other));
    this.grid.insertBefore(card.element, this.order[after]?.element ?? null);
    this.order.splice(after < 0 ? this.order.length : after, 0, card);
    return card;
  }

  meet(kitchen) {
    if (this.known.has(kitchen) || this.known.size >= MOST_KITCHENS) return;
    this.known.add(kitchen);
    const after = this.names.findIndex((other) => inOrder(kitchen, other) < 0);
    const place = after < 0 ? this.names.length : after;
    this.names.splice(place, 0, kitchen);
    const option = h("option", null, kitchen === null ? "no kitchen" : shortened(kitchen, 64));
    // The first option is "all kitchens"; the one that is chosen stays chosen.
    this.picker.insertBefore(option, this.picker.options[place + 1] ?? null);
  }

  onStatus(picture) {
    this.picture = picture;
    const here = picture.kitchens.filter(({ gone }) => gone === null).map(({ name }) => name);
    const present = new Set([...here, null]);
    const isSame = this.present?.size === present.size && here.every((name) => this.present.has(name));
    this.present = present;
    if (!isSame) this.redraw();
    this.isHinted = true;
    this.app.changed();
  }

  /** Make those cards anew whose chefs are to be shown in another way by now. */
  followHints() {
    const at = performance.now();
    if (!this.isHinted || (this.followedAt && at - this.followedAt < FOLLOW)) return;
    this.isHinted = false;
    const others = [...this.cards.values()].filter(({ chef, hint }) => {
      if (this.again.has(chef)) return true; // which is read once more, and not to its end
      const now = hintFor(chef, this.picture.kitchens);
      // When the last kitchen that had a hint has gone, it still holds for what is there.
      return now !== null && JSON.stringify(now) !== JSON.stringify(hint);
    });
    if (others.length === 0) return;
    this.followedAt = at;
    for (const card of others) {
      this.again.add(card.chef);
      this.cards.delete(card.chef);
      this.order.splice(this.order.indexOf(card), 1);
      this.sight.unobserve(card.element);
      card.element.remove();
    }
    this.againNext = this.feed.first;
  }

  onSight(seen) {
    for (const { target, isIntersecting } of seen) {
      for (const card of this.cards.values()) {
        if (card.element === target) card.inSight = isIntersecting;
      }
    }
    this.app.changed();
  }

  tell() {
    const waiting = this.feed.next - this.next;
    const said = [];
    if (this.unread) said.push(`${whole(this.unread)} came too fast to be read.`);
    if (waiting > 1000) said.push(`Reading ${counted(waiting, "dumpling")}.`);
    if (this.refused.size) {
      said.push(`${counted(this.refused.size, "chef")} more: at most ${MOST_CHEFS} have a card.`);
    }
    this.notice.tell(this.unread ? "A sample:" : "", said.join(" "));
    this.empty.hidden = this.cards.size > 0;
    say(this.empty, "Nothing yet. A chef has its card here as soon as a dumpling of it comes.");
  }
}

/** What cards need of a dumpling; null if it is none. */
function readDumpling(line) {
  let dumpling;
  try {
    dumpling = JSON.parse(line);
  } catch {
    return null;
  }
  const metadata = dumpling?.metadata;
  if (typeof metadata?.chef !== "string" || !Object.hasOwn(dumpling, "payload")) return null;
  const { chef, kitchen, creation_time: time } = metadata;
  return {
    chef,
    kitchen: typeof kitchen === "string" ? kitchen : null,
    time: typeof time === "number" ? time : Number.NaN,
    payload: dumpling.payload,
  };
}
