// The view of dumplings: a live feed that can be stopped, searched and opened.

import { Detail } from "./detail.js";
import { h, say, set, text } from "./dom.js";
import { feedOf, MOST_ENTRIES } from "./feed.js";
import { Filters } from "./filters.js";
import { counted, whole } from "./format.js";
import { glance, readable } from "./json-scan.js";
import { List } from "./list.js";
import { whyMissed } from "./missed.js";
import { clockTime } from "./moment.js";
import { Notice } from "./notice.js";
import { Everything, Found, matcher } from "./search.js";
import { Slices } from "./slices.js";

export const id = "dumplings";
export const title = "Dumplings";

const EVERY = 100; // ms between two pictures of what comes; nobody reads faster
const SHOWN = 400; // characters of a payload in its row
const LEFT = 1000; // dumplings that are searched on; with more, the search begins anew
const NAME = 64; // characters of a name in a row
const COLUMNS = ["Time", "Kitchen", "Chef", "Driver", "Payload"];

export function create(app) {
  return new View(app);
}

class View {
  constructor(app) {
    this.app = app;
    this.feed = feedOf(app);
    this.source = this.feed; // or a frozen copy of it, while paused
    this.drawn = 0;
    this.timer = 0;
    this.rate = new Rate();
    this.search = null;
    this.slices = new Slices((hasTime) => this.searchOn(hasTime));
    this.detail = new Detail({ app, onClose: () => this.closeDetail() });
    this.list = new List({
      label: "Dumplings, the latest last",
      columns: COLUMNS,
      cells: (number) => this.cells(number),
      onOpen: (number) => this.openDetail(number),
      onSelect: (number) => this.detail.isOpen && this.openDetail(number),
    });
    this.filters = new Filters(() => this.filter());
    this.pauseButton = h("button", {
      type: "button", class: "feed-pause", "aria-pressed": "false", "aria-keyshortcuts": "p",
      onclick: () => this.pause(!this.isPaused),
    }, "Pause");
    this.latestButton = h("button", {
      type: "button", class: "feed-latest", onclick: () => this.list.follow(),
    }, "Latest");
    this.counts = h("p", { class: "feed-counts" });
    this.notice = new Notice();
    this.empty = h("p", { class: "feed-empty" });
    this.element = h("div", { class: "feed" },
      h("div", { class: "feed-bar", role: "toolbar", "aria-label": "Feed" },
        this.pauseButton, this.latestButton, this.filters.element),
      h("div", { class: "feed-said" }, this.counts, this.notice.element),
      h("div", { class: "feed-body" },
        h("div", { class: "feed-list" }, this.list.element, this.empty), this.detail.element),
      h("p", { class: "feed-keys" }, keys([
        ["j", "k"], "move", ["Enter"], "open", ["Esc"], "close", ["c"], "copy", ["p"], "pause",
        ["/"], "search",
      ])));
    this.onKey = (event) => this.key(event);
    app.hub.on("dumplings", (lines) => this.rate.add(lines.length));
    app.hub.on("status", (picture) => this.filters.know(picture));
    for (const event of ["status", "welcome"]) app.hub.on(event, () => this.detail.packets.update());
    this.list.show(new Everything(this.source));
  }

  get isPaused() {
    return this.source !== this.feed;
  }

  show() {
    document.addEventListener("keydown", this.onKey);
    // While nobody looked nothing was searched; of that nothing is to be left out.
    if (this.search?.left > LEFT) this.filter();
    this.slices.wake();
  }

  hide() {
    document.removeEventListener("keydown", this.onKey);
    this.slices.stop();
    clearTimeout(this.timer);
    this.timer = 0;
  }

  update() {
    if (this.search) this.slices.wake();
    const wait = this.drawn + EVERY - performance.now();
    if (wait <= 0) this.draw();
    else if (!this.timer) this.timer = setTimeout(() => this.draw(), wait);
  }

  draw() {
    clearTimeout(this.timer);
    this.timer = 0;
    this.drawn = performance.now();
    this.list.draw();
    this.tell();
  }

  /** Show what the filters let through, from now on. */
  filter() {
    const wanted = this.filters.wanted();
    this.search = this.filters.areSet ? new Found(this.source, matcher(wanted)) : null;
    this.list.show(this.search ?? new Everything(this.source));
    this.slices.wake();
    this.app.changed();
  }

  searchOn(hasTime) {
    if (!this.search) return false;
    const before = this.search.count;
    const more = this.search.step(hasTime);
    if (!more || this.search.count !== before) this.app.changed();
    return more;
  }

  pause(wanted) {
    if (wanted === this.isPaused) return;
    const followed = this.list.following;
    this.source = wanted ? this.feed.frozen() : this.feed;
    set(this.pauseButton, "aria-pressed", String(wanted));
    say(this.pauseButton, wanted ? "Resume" : "Pause");
    if (this.search) this.search.feed = this.source;
    else this.list.show(new Everything(this.source), { keepPlace: true });
    this.list.following = followed || !wanted;
    this.draw();
  }

  /** What is to be seen of an entry in its row. */
  cells(number) {
    const entry = this.source.at(number);
    if (entry === undefined) return { class: "", cells: ["", "", "", "", ""] };
    if (typeof entry !== "string") {
      const missing = `${counted(entry.missed, "dumpling")} missing: ${whyMissed(entry.reason)}`;
      const time = clockTime(entry.time);
      return { class: "list-gap", cells: [time, nameOf(entry.kitchen ?? ""), "", "gap", text(missing)] };
    }
    const says = glance(entry);
    if (says === null) return { class: "", cells: ["", "", "", "", text(entry.slice(0, SHOWN))] };
    this.filters.meet(says);
    const payload = entry.slice(says.payload, Math.min(entry.length - 1, says.payload + SHOWN));
    return {
      class: `list-${says.driver}`,
      cells: [
        clockTime(says.time), nameOf(says.kitchen ?? "–"), nameOf(says.chef), says.driver,
        text(readable(payload)),
      ],
    };
  }

  tell() {
    const { feed, search, source } = this;
    const said = [search
      ? `${whole(search.dumplings)} of ${counted(source.dumplings, "dumpling")} match`
      : counted(source.dumplings, "dumpling")];
    if (search?.left > 0) said.push(`${whole(search.left)} still to be searched`);
    if (source.first > 0) {
      said.push(`${whole(source.first)} older ones have gone: at most ${whole(MOST_ENTRIES)} are kept`);
    }
    const rate = this.rate.perSecond();
    if (rate >= 0.5) said.push(`${whole(Math.round(rate))} come each second`);
    say(this.counts, said.join(" · "));
    const since = counted(feed.next - source.next, "dumpling");
    this.notice.tell(...(this.isPaused ? ["Paused.", `${since} came since.`] : this.sampling(rate)));
    this.latestButton.disabled = this.list.following;
    this.empty.hidden = this.list.source.count > 0;
    say(this.empty, search && source.length
      ? search.left ? "Searching" : "Nothing matches."
      : "Nothing yet. Dumplings appear here as kitchens send them.");
  }

  /** Say so, when not everything can be seen or searched. */
  sampling(rate) {
    if (this.search?.unsearched) {
      return ["A sample:", `${whole(this.search.unsearched)} came too fast to be searched.`];
    }
    const seen = (this.list.page * 1000) / EVERY;
    if (this.search || !this.list.following || rate <= seen) return [];
    return ["A sample passes by:", `about one in ${whole(Math.ceil(rate / seen))} can be seen. ` +
      "Pause to read; all are kept."];
  }

  openDetail(number) {
    const entry = this.source.at(number);
    if (entry === undefined) return;
    const wasOpen = this.detail.isOpen;
    this.detail.open(entry);
    if (!wasOpen) this.list.revealSelected(); // what has opened takes place from the list
  }

  closeDetail() {
    this.detail.close();
    this.list.element.focus();
  }

  key(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented) return;
    const { target, key } = event;
    if (key === "Escape") {
      if (this.detail.isOpen) this.closeDetail();
      else if (this.filters.areSet) this.filters.clear();
      else return;
    } else if (target.closest?.("input, select, textarea, [role=tab]")) {
      return;
    } else if (!this.command(key, target)) {
      return;
    }
    event.preventDefault();
  }

  /** Do what a key stands for; returns whether it stands for anything here. */
  command(key, target) {
    const { list } = this;
    const inList = list.element.contains(target);
    const moves = { j: 1, k: -1 };
    if (inList || target === document.body) {
      Object.assign(moves, {
        ArrowDown: 1, ArrowUp: -1, PageDown: list.page, PageUp: -list.page,
        Home: -Infinity, End: Infinity,
      });
    }
    if (Object.hasOwn(moves, key)) {
      if (!inList) list.element.focus();
      list.move(moves[key]);
    } else if (key === "Enter" && inList && list.selected !== null) this.openDetail(list.selected);
    else if (key === "p") this.pause(!this.isPaused);
    else if (key === "/") this.filters.focus();
    else if (key === "c" && this.detail.isOpen) this.detail.copy();
    else return false;
    return true;
  }
}

function nameOf(name) {
  return text(name.length > NAME ? `${name.slice(0, NAME)}…` : name);
}

function keys(words) {
  return words.map((word) => (typeof word === "string"
    ? `${word}  `
    : word.map((key) => [h("kbd", null, key), " "])));
}

/** How many come, a second, over the last seconds. */
class Rate {
  constructor() {
    this.total = 0;
    this.marks = [{ at: performance.now(), total: 0 }];
  }

  add(count) {
    this.total += count;
  }

  perSecond() {
    const at = performance.now();
    const { marks } = this;
    if (at - marks[marks.length - 1].at >= 500) marks.push({ at, total: this.total });
    while (marks.length > 5) marks.shift();
    const [oldest] = marks;
    return at - oldest.at < 400 ? 0 : ((this.total - oldest.total) * 1000) / (at - oldest.at);
  }
}
