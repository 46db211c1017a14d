// Rows that a key tells apart, the newest in the place of the older: the ARP table.

import { brief, inOrder, shortened } from "./bounds.js";
import { h, say, text } from "./dom.js";
import { counted, whole } from "./format.js";
import { shortTime } from "./moment.js";

const MOST_ROWS = 1000; // of a kitchen
const MOST_AT_ONCE = 1000; // of a payload that is a list
const SHOWN = 100;
const MOST_COLUMNS = 8; // if the hint names none
const CELL = 120; // characters
const MOST_VALUES = 4; // in conflict, that are named
const MOST_WORDS = 16; // of a list in a cell
const TIMES = /(^|_)(time|when|latest|first_seen|last_seen|start|end)$/;
const NAMES = /(^|_)(port|id|vlan|status)$/; // of which numbers are written as they are

export class TableCard {
  static merges = true;

  constructor(hint, changed) {
    this.hint = hint;
    this.isAsked = (hint.columns?.length ?? 0) > 0; // for certain columns
    this.columns = this.isAsked ? hint.columns : [];
    this.search = h("input", {
      type: "search", placeholder: "Search", "aria-label": `Search in ${hint.title ?? "the table"}`,
      spellcheck: "false", autocomplete: "off", maxlength: "100", oninput: changed,
    });
    this.conflicts = h("p", { class: "conflicts", role: "status" });
    this.head = h("tr");
    this.body = h("tbody");
    this.note = h("p", { class: "card-note" });
    this.element = h("div", { class: "table-card" }, this.search, this.conflicts,
      h("div", { class: "table-scroller", tabindex: "0", role: "region", "aria-label": hint.title ?? "Table" },
        h("table", null, h("thead", null, this.head), this.body)), this.note);
    this.rows = [];
    this.headed = null;
  }

  newState() {
    return { rows: new Map(), next: 0, forgotten: 0 };
  }

  take(state, part) {
    const rows = Array.isArray(part) ? part.slice(0, MOST_AT_ONCE) : [part];
    let taken = false;
    for (const row of rows) taken = this.takeRow(state, row) || taken;
    return taken;
  }

  takeRow(state, row) {
    if (row === null || typeof row !== "object" || Array.isArray(row)) return false;
    const { key, conflict } = this.hint;
    if (key !== undefined && !Object.hasOwn(row, key)) return false;
    if (!this.isAsked) this.meet(row);
    const name = key === undefined ? String(state.next) : brief(row[key], CELL);
    const before = state.rows.get(name);
    state.rows.delete(name); // so that the latest are at the end
    state.rows.set(name, {
      name,
      cells: this.columns.map((column) => (Object.hasOwn(row, column) ? cell(column, row[column]) : "")),
      had: conflict === undefined || !Object.hasOwn(row, conflict) || this.hint.nobody?.includes(name)
        ? before?.had ?? []
        : withValue(before?.had ?? [], brief(row[conflict], CELL)),
      number: state.next,
    });
    state.next += 1;
    if (state.rows.size > MOST_ROWS) {
      state.rows.delete(state.rows.keys().next().value);
      state.forgotten += 1;
    }
    return true;
  }

  /** Without a hint, the columns are the keys that come first. */
  meet(row) {
    for (const name in row) {
      if (this.columns.length >= MOST_COLUMNS) return;
      if (Object.hasOwn(row, name) && !this.columns.includes(name)) this.columns.push(shortened(name, CELL));
    }
  }

  draw(states, kitchens) {
    const withKitchen = kitchens.length > 1;
    this.drawHead(withKitchen);
    const all = states.flatMap(({ rows }, index) =>
      [...rows.values()].map((row) => ({ ...row, kitchen: kitchens[index] })));
    const wanted = this.search.value.toLowerCase();
    const found = wanted === "" ? all : all.filter(({ cells, kitchen }) =>
      [...cells, kitchen].some((value) => value.toLowerCase().includes(wanted)));
    // Who does not see a key makes nothing of its order.
    const byKey = this.hint.key !== undefined && this.columns.includes(this.hint.key);
    found.sort((one, other) => (other.had.length > 1) - (one.had.length > 1) ||
      (byKey ? inOrder(one.name, other.name) : other.number - one.number));
    found.slice(0, SHOWN).forEach((row, index) => {
      this.fill((this.rows[index] ??= this.newRow()), row, withKitchen);
    });
    for (const row of this.rows.slice(found.length)) row.element.hidden = true;
    const marked = all.filter(({ had }) => had.length > 1).length;
    say(this.conflicts, marked ? `${counted(marked, "conflict")}: more than one ${this.hint.conflict} for the same ${this.hint.key ?? "row"}` : "");
    this.conflicts.hidden = marked === 0;
    say(this.note, this.told(found.length, all.length, states));
  }

  told(found, all, states) {
    const forgotten = states.reduce((sum, state) => sum + state.forgotten, 0);
    const said = [this.search.value ? `${whole(found)} of ${counted(all, "row")}` : counted(all, "row")];
    if (found > SHOWN) said.push(`the first ${SHOWN} shown`);
    if (forgotten) said.push(`${whole(forgotten)} older ones left out`);
    return said.join(", ");
  }

  drawHead(withKitchen) {
    const names = [...this.columns, ...(withKitchen ? ["kitchen"] : [])];
    const headed = names.join("\n");
    if (headed === this.headed) return;
    this.headed = headed;
    this.head.replaceChildren(...names.map((name) => h("th", { scope: "col" }, name)));
    this.body.replaceChildren();
    this.rows = [];
  }

  newRow() {
    const cells = [...this.head.children].map(() => h("td"));
    const mark = h("p", { class: "conflict-mark" });
    const row = { cells: cells.map((td) => td.appendChild(h("span"))), tds: cells, mark };
    row.element = h("tr", null, cells);
    const at = Math.max(0, this.columns.indexOf(this.hint.conflict));
    cells[at]?.append(mark);
    this.body.append(row.element);
    return row;
  }

  fill(row, { cells, had, kitchen }, withKitchen) {
    row.element.hidden = false;
    const conflict = had.length > 1;
    row.element.className = conflict ? "conflict" : "";
    [...cells, ...(withKitchen ? [kitchen] : [])].forEach((value, column) => {
      if (row.cells[column]) say(row.cells[column], value);
    });
    row.mark.hidden = !conflict;
    if (conflict) say(row.mark, `conflict: was ${had.slice(0, -1).reverse().join(", ")}`);
  }
}

/** The values in their order, the latest last, each once. */
function withValue(had, value) {
  if (had.at(-1) === value) return had;
  return [...had.filter((other) => other !== value), value].slice(-MOST_VALUES);
}

function cell(column, value) {
  if (typeof value === "number") {
    if (value > 1e8 && value < 1e11 && TIMES.test(column)) return shortTime(value);
    if (Number.isInteger(value) && NAMES.test(column)) return String(value);
  }
  if (Array.isArray(value) && value.length <= MOST_WORDS && value.every((one) => typeof one === "string")) {
    return text(shortened(value.map((one) => one.slice(0, CELL)).join(", ") || "–", CELL));
  }
  return brief(value, CELL);
}
