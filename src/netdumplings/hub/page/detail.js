// One dumpling, opened: all of it, as a tree, and to be copied.

import { fill, h, say } from "./dom.js";
import { counted } from "./format.js";
import { fullTime } from "./moment.js";
import { glance } from "./json-scan.js";
import { jsonTree } from "./json-tree.js";
import { whyMissed } from "./missed.js";
import { PacketsButton } from "./packets-button.js";

const SAID = 4000; // ms for which it is said that something was copied

/** The panel beside the list. */
export class Detail {
  constructor({ app, onClose }) {
    this.entry = null;
    this.said = h("span", { class: "detail-said", role: "status", "aria-live": "polite" });
    this.copyButton = h("button", { type: "button", onclick: () => this.copy() }, "Copy JSON");
    this.packets = new PacketsButton(app, (said, isBad) => this.tell(said, { isBad, isLong: true }));
    this.title = h("h2", { class: "detail-title" });
    this.facts = h("p", { class: "detail-facts" });
    this.body = h("div", { class: "detail-body", tabindex: "0", role: "group", "aria-label": "Payload" });
    this.element = h("aside", { class: "detail", "aria-label": "The selected dumpling", hidden: true },
      h("div", { class: "detail-head" }, this.title,
        h("div", { class: "detail-buttons" }, this.said, this.packets.element, this.copyButton,
          h("button", { type: "button", onclick: onClose, "aria-label": "Close", title: "Close (Escape)" }, "✕"))),
      this.facts, this.body);
  }

  get isOpen() {
    return !this.element.hidden;
  }

  /** Show a dumpling, or a gap. What is shown stays, also when the feed no longer has it. */
  open(entry) {
    this.element.hidden = false;
    if (entry === this.entry) return;
    this.entry = entry;
    this.tell("");
    this.copyButton.hidden = typeof entry !== "string";
    this.packets.offer(typeof entry === "string" ? entry : null);
    this.body.scrollTop = 0;
    if (typeof entry !== "string") {
      say(this.title, counted(entry.missed, "dumpling missing", "dumplings missing"));
      say(this.facts, entry.kitchen === null ? "" : `of kitchen ${entry.kitchen}`);
      fill(this.body, h("p", null, `Here is a gap: ${whyMissed(entry.reason)}.`));
      return;
    }
    const says = glance(entry);
    say(this.title, says ? says.chef.slice(0, 256) : "Not a dumpling");
    fill(this.facts, says && [
      h("span", null, fullTime(says.time)),
      h("span", null, `kitchen ${says.kitchen === null ? "none" : says.kitchen.slice(0, 256)}`),
      h("span", null, `by ${says.driver}`),
      h("span", null, counted(entry.length, "character")),
    ]);
    fill(this.body, jsonTree(entry, says ? says.payload : 0));
  }

  close() {
    this.element.hidden = true;
    this.entry = null;
    fill(this.body);
  }

  /** Say how something goes that was asked for here; isBad: it went wrong; isLong: it needs a line. */
  tell(said, { isBad = false, isLong = false } = {}) {
    clearTimeout(this.timer);
    this.said.classList.toggle("is-bad", isBad);
    this.said.classList.toggle("is-long", isLong && said !== "");
    say(this.said, said);
  }

  /** Copy the whole dumpling, as it came. */
  async copy() {
    if (typeof this.entry !== "string") return;
    const copied = await toClipboard(this.entry);
    this.tell(copied ? "Copied" : "This browser does not let it be copied");
    this.timer = setTimeout(() => say(this.said, ""), SAID);
  }
}

async function toClipboard(value) {
  try {
    await navigator.clipboard.writeText(value);
    return true;
  } catch {
    // Pages that came over plain HTTP from another host may not; there is an older way.
  }
  const box = h("textarea", { class: "offscreen", readonly: true });
  box.value = value;
  document.body.append(box);
  const had = document.activeElement;
  box.select();
  const copied = document.execCommand("copy");
  box.remove();
  had?.focus?.();
  return copied;
}
