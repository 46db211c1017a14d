// A list of any length, of which only the rows in sight are in the document.

import { h, set } from "./dom.js";

const OVERSCAN = 6; // rows beyond either end, so that scrolling shows no holes
const WIDE_ROW = 28; // px; as dumplings.css has them
const NARROW_ROW = 50;
const NARROW = matchMedia("(max-width: 46rem)");

/**
 * Shows the entries of a source as a grid, the latest last.
 *
 * A source has `count`; `numberAt(place)`, the number of the entry at a place, which it keeps for
 * ever; `placeOf(number)`, -1 if it is not there; and `moved`: by how many places entries have
 * moved so far, as others came or went before them.
 *
 * While the end is in sight the list follows what comes; otherwise what is in sight stays.
 */
export class List {
  /**
   * @param {{label: string, columns: string[], cells: function(number): {class: string, cells:
   *   string[]}, onOpen: function(number), onSelect: function(number)}} settings - cells says what
   *   is to be seen of an entry, one text for each column.
   */
  constructor({ label, columns, cells, onOpen, onSelect }) {
    this.columns = columns;
    this.cells = cells;
    this.onOpen = onOpen;
    this.onSelect = onSelect;
    this.source = null;
    this.rows = new Map(); // by number
    this.free = [];
    this.moved = 0;
    this.height = -1;
    this.selected = null;
    this.following = true;
    this.asked = 0;
    this.space = h("div", { class: "list-space", role: "presentation" });
    this.scroller = h("div", {
      class: "list-scroller", role: "rowgroup", tabindex: "-1", onscroll: () => this.onScroll(),
    }, this.space);
    this.element = h("div", {
      class: "list", role: "grid", tabindex: "0", "aria-label": label, "aria-readonly": "true",
      "aria-colcount": columns.length,
    },
    h("div", { class: "list-head", role: "rowgroup" }, h("div", {
      class: "list-row", role: "row", "aria-rowindex": "1",
    }, columns.map((name) => h("span", { role: "columnheader" }, name)))),
    this.scroller);
    new ResizeObserver(() => this.draw()).observe(this.scroller);
    NARROW.addEventListener("change", () => this.restart());
  }

  get rowHeight() {
    return NARROW.matches ? NARROW_ROW : WIDE_ROW;
  }

  /** How many rows are in sight. */
  get page() {
    return Math.max(1, Math.floor(this.scroller.clientHeight / this.rowHeight));
  }

  /** Show another source, from its end. */
  show(source, { keepPlace = false } = {}) {
    this.source = source;
    this.moved = source.moved;
    if (!keepPlace) this.following = true;
    this.restart();
  }

  /** Make all rows anew. */
  restart() {
    for (const row of this.rows.values()) this.recycle(row);
    this.rows.clear();
    this.draw();
  }

  draw() {
    const { source, scroller, rowHeight } = this;
    if (!source || !scroller.isConnected || !scroller.clientHeight) return;
    const { count } = source;
    const shift = source.moved - this.moved;
    this.moved = source.moved;
    const before = scroller.scrollTop;
    if (count * rowHeight !== this.height) {
      this.height = count * rowHeight;
      this.space.style.height = `${this.height}px`;
    }
    set(this.element, "aria-rowcount", count + 1);
    const visible = scroller.clientHeight;
    let top = before;
    if (this.following) top = this.height - visible;
    else if (shift) top = before + shift * rowHeight;
    top = Math.max(0, Math.min(top, this.height - visible));
    if (top !== before) scroller.scrollTop = top;
    this.place(Math.max(0, Math.floor(top / rowHeight) - OVERSCAN),
      Math.min(count, Math.ceil((top + visible) / rowHeight) + OVERSCAN));
    this.mark();
  }

  /** Have rows for the places from one to before another, and no others. */
  place(from, to) {
    const wanted = new Map();
    for (let place = from; place < to; place += 1) wanted.set(this.source.numberAt(place), place);
    for (const [number, row] of this.rows) {
      if (wanted.has(number)) continue;
      this.rows.delete(number);
      this.recycle(row);
    }
    for (const [number, place] of wanted) {
      let row = this.rows.get(number);
      if (!row) {
        row = this.free.pop() ?? this.newRow();
        this.fill(row, number);
        this.rows.set(number, row);
      }
      if (row.place === place) continue;
      row.place = place;
      row.element.style.transform = `translateY(${place * this.rowHeight}px)`;
      row.element.setAttribute("aria-rowindex", place + 2);
    }
    // Those that are left over go, when they are many.
    while (this.free.length > 64) this.free.pop().element.remove();
  }

  newRow() {
    const cells = this.columns.map((_, column) =>
      h("span", { role: "gridcell", "aria-colindex": column + 1 }));
    const element = h("div", { role: "row", onclick: () => this.onClick(row) }, cells);
    const row = { element, cells, number: -1, place: -1 };
    this.space.append(element);
    return row;
  }

  fill(row, number) {
    const told = this.cells(number);
    row.number = number;
    row.place = -1;
    row.element.id = `dumpling-${number}`;
    row.element.className = `list-row ${told.class}`;
    row.element.hidden = false;
    row.cells.forEach((cell, column) => {
      const wanted = told.cells[column];
      if (cell.textContent !== wanted) cell.textContent = wanted;
    });
  }

  recycle(row) {
    row.element.hidden = true;
    row.element.removeAttribute("id");
    row.number = -1;
    this.free.push(row);
  }

  /** Say which row is the selected one, to eyes and to screen readers. */
  mark() {
    for (const row of this.rows.values()) {
      set(row.element, "aria-selected", row.number === this.selected ? "true" : "false");
    }
    set(this.element, "aria-activedescendant",
      this.rows.has(this.selected) ? `dumpling-${this.selected}` : null);
  }

  select(number) {
    this.selected = number;
    this.mark();
    this.onSelect(number);
  }

  onClick(row) {
    if (String(getSelection()) !== "") return; // text was marked, to be copied
    this.element.focus({ preventScroll: true });
    this.following = false;
    this.select(row.number);
    this.onOpen(row.number);
  }

  /** Select the row so many places further down. */
  move(by) {
    const { source } = this;
    if (!source?.count) return;
    const at = this.selected === null ? -1 : source.placeOf(this.selected);
    const from = at >= 0 ? at : by < 0 ? source.count : this.firstInSight() - 1;
    const place = Math.max(0, Math.min(source.count - 1, from + by));
    this.following = place === source.count - 1;
    this.select(source.numberAt(place));
    this.reveal(place);
  }

  /** Scroll until the selected row is in sight, if there is one. */
  revealSelected() {
    const place = this.selected === null ? -1 : this.source.placeOf(this.selected);
    if (place >= 0) this.reveal(place);
  }

  firstInSight() {
    return Math.ceil(this.scroller.scrollTop / this.rowHeight);
  }

  /** Scroll until a place is in sight, and no further. */
  reveal(place) {
    const { scroller, rowHeight } = this;
    const top = place * rowHeight;
    const least = top + rowHeight - scroller.clientHeight;
    if (scroller.scrollTop > top) scroller.scrollTop = top;
    else if (scroller.scrollTop < least) scroller.scrollTop = least;
    this.draw();
  }

  /** Go to the end, and follow it. */
  follow() {
    this.following = true;
    this.draw();
  }

  onScroll() {
    const { scroller } = this;
    this.following = scroller.scrollTop + scroller.clientHeight >= this.height - 2;
    if (this.asked) return;
    this.asked = requestAnimationFrame(() => {
      this.asked = 0;
      this.draw();
    });
  }
}
