// A table whose columns can be sorted by their heads, and which becomes cards where there is no room.

import { fill, h, say, set } from "./dom.js";
import { compareNames, counted } from "./format.js";
import { Keyed } from "./keyed.js";

const MOST = 200; // rows

/**
 * A sortable table.
 *
 * A column is {title, value(item), show?(item), number?, first?}. value is sorted by (numbers and texts
 * apart; what is null comes last); show gives what is seen, a string, a node or a list of these,
 * otherwise it is the value; number: it is set to the right, and sorted from the largest; wide: it may be
 * long, and takes a line of its own on a phone; half: there it takes two places; about: more than its
 * title says; class: of all its cells. The first column is the head of its row.
 */
export class SortTable {
  #columns;
  #caption;
  #body = h("tbody", { role: "rowgroup" });
  #heads;
  #keyed;
  #more = h("p", { class: "soft small" });
  #by = null; // index of a column, or null for the order that is given
  #down = false;
  #items = [];
  #onsort;

  /**
   * @param {string} caption - what it is of; seen by screen readers.
   * @param {object[]} columns
   * @param {function()} onsort - is called when another order was chosen.
   */
  constructor(caption, columns, onsort) {
    this.#columns = columns;
    this.#caption = h("caption", { class: "unseen" }, caption);
    this.#onsort = onsort;
    this.#heads = columns.map((column, index) => {
      const button = h("button", {
        type: "button", class: "sort", title: column.about, onclick: () => this.#sort(index),
      }, column.title);
      const classes = [column.number && "number", column.class].filter(Boolean).join(" ");
      return h("th", { scope: "col", role: "columnheader", class: classes || null }, button);
    });
    this.#keyed = new Keyed(this.#body, () => this.#row());
    this.element = h("div", { class: "sort-table" },
      // Where they become cards, some browsers would not take them for parts of a table any more.
      h("table", { role: "table" }, this.#caption,
        h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, this.#heads)), this.#body),
      this.#more);
  }

  /** Show items [{key, gone, ...}], in the order that is best where none was chosen. */
  show(items) {
    this.#items = items;
    const sorted = this.#by === null ? items : items.slice().sort(this.#compare());
    this.#keyed.show(sorted.slice(0, MOST).map((item) => [item.key, item]));
    say(this.#more, sorted.length > MOST ? `and ${counted(sorted.length - MOST, "more")}` : "");
    this.#more.hidden = sorted.length <= MOST;
  }

  #sort(index) {
    const down = Boolean(this.#columns[index].number);
    // First the way that is asked for most, then the other, then as it was.
    if (this.#by !== index) [this.#by, this.#down] = [index, down];
    else if (this.#down === down) this.#down = !down;
    else this.#by = null;
    this.#heads.forEach((head, at) => {
      const order = this.#down ? "descending" : "ascending";
      set(head, "aria-sort", at === this.#by ? order : null);
    });
    this.show(this.#items);
    this.#onsort();
  }

  #compare() {
    const { value } = this.#columns[this.#by];
    const sign = this.#down ? -1 : 1;
    return (one, other) => {
      const [a, b] = [value(one), value(other)];
      if (a === null || a === undefined) return b === null || b === undefined ? 0 : 1;
      if (b === null || b === undefined) return -1;
      if (typeof a === "number" && typeof b === "number") return sign * (a - b);
      return sign * compareNames(String(a), String(b));
    };
  }

  #row() {
    const cells = this.#columns.map((column, index) => {
      const classes = [column.number && "number", column.wide && "wide", column.half && "half", column.class].filter(Boolean).join(" ");
      return index === 0
        ? h("th", { scope: "row", role: "rowheader", class: classes || null })
        : h("td", { role: "cell", class: classes || null, "data-label": column.title });
    });
    const element = h("tr", { role: "row" }, cells);
    const shown = [];
    const update = (item) => {
      set(element, "class", item.gone === null ? null : "gone");
      this.#columns.forEach((column, index) => {
        const content = column.show ? column.show(item) : column.value(item);
        if (content === null || content === undefined || typeof content !== "object") {
          const text = content ?? "–";
          if (shown[index] !== text) fill(cells[index], text);
          shown[index] = text;
        } else {
          // Cells with parts of their own say what they show, so that what is the same stays.
          const text = JSON.stringify(content.shows);
          if (text === undefined || shown[index] !== text) fill(cells[index], content.make());
          shown[index] = text;
        }
      });
    };
    return { element, update };
  }
}

/** The content of a cell that is more than text: what it shows, and how it is made when that changes. */
export function cell(shows, make) {
  return { shows, make };
}
