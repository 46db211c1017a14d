// What of the feed is wanted: by kitchen, chef and driver, and by a text.

import { inOrder } from "./bounds.js";
import { h, text } from "./dom.js";

const MOST = 500; // names to choose from
const WAIT = 200; // ms without a key, after which the text is searched for
const ANY = "any";
const HUB = "hub"; // the hub's own have no kitchen

/** Three choices and a text. */
export class Filters {
  /** `onChange` is called when something else is wanted. */
  constructor(onChange) {
    this.onChange = onChange;
    this.kitchen = new Choice("Kitchen", "all kitchens", onChange);
    this.chef = new Choice("Chef", "all chefs", onChange);
    this.driver = new Choice("Driver", "both drivers", onChange);
    this.driver.know("packet");
    this.driver.know("interval");
    this.text = h("input", {
      type: "search", class: "feed-search", placeholder: "Search", "aria-label": "Search in dumplings",
      "aria-keyshortcuts": "/", spellcheck: "false", autocomplete: "off", maxlength: "200", oninput: () => this.typed(),
    });
    this.element = h("div", { class: "feed-filters", role: "search" },
      this.kitchen.element, this.chef.element, this.driver.element, this.text);
  }

  get areSet() {
    return this.text.value !== "" ||
      [this.kitchen, this.chef, this.driver].some(({ value }) => value !== undefined);
  }

  /** As `matcher` of search.js has it. */
  wanted() {
    return {
      kitchen: this.kitchen.value, chef: this.chef.value, driver: this.driver.value,
      text: this.text.value,
    };
  }

  typed() {
    clearTimeout(this.timer);
    this.timer = setTimeout(this.onChange, WAIT);
  }

  focus() {
    this.text.focus();
    this.text.select();
  }

  clear() {
    this.text.value = "";
    for (const choice of [this.kitchen, this.chef, this.driver]) choice.clear();
    this.onChange();
  }

  /** Offer the names in a dumpling. */
  meet({ kitchen, chef }) {
    this.kitchen.know(kitchen);
    this.chef.know(chef);
  }

  /** Offer the names in a status. */
  know(picture) {
    for (const { name, chefs } of picture.kitchens) {
      this.kitchen.know(name);
      for (const chef of chefs) this.chef.know(chef.name);
    }
  }
}

/** One of the names that were met so far, or any. */
class Choice {
  constructor(label, anyLabel, onChange) {
    this.names = []; // sorted as the options are, which begin with "any"
    this.known = new Set();
    this.element = h("select", { "aria-label": label, onchange: onChange },
      h("option", { value: ANY }, anyLabel));
  }

  /** The name that is chosen; undefined for any. */
  get value() {
    const at = this.element.selectedIndex;
    return at <= 0 ? undefined : this.names[at - 1];
  }

  clear() {
    this.element.selectedIndex = 0;
  }

  know(name) {
    if (this.known.has(name) || this.known.size >= MOST) return;
    this.known.add(name);
    const at = this.names.findIndex((other) => inOrder(name, other) < 0);
    const place = at < 0 ? this.names.length : at;
    const label = name === null ? HUB : text(name.length > 64 ? `${name.slice(0, 64)}…` : name);
    // The one that is chosen stays chosen: the browser sees to that.
    this.element.insertBefore(h("option", null, label), this.element.options[place + 1] ?? null);
    this.names.splice(place, 0, name);
  }
}
