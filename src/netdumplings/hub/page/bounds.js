// What is kept and shown of values that strangers wrote, so that none takes up the page.

import { text } from "./dom.js";
import { whole } from "./format.js";

/** A text of at most so many characters, which keeps nothing of a longer one alive. */
export function shortened(value, most) {
  if (value.length <= most) return value;
  // A part of a string holds on to all of it; what was joined is on its own.
  return `${[...value.slice(0, most)].join("")}…`;
}

/** A value in one line of at most so many characters: text as it is, the rest as JSON. */
export function brief(value, most = 160) {
  if (value === null) return "–";
  if (typeof value === "string") return text(shortened(value, most));
  if (typeof value === "number") return plain(value);
  if (typeof value === "boolean") return String(value);
  return text(shortened(sketch(value, most, 0), most));
}

/** The beginning of a value as JSON, for which no more of it is read than is shown. */
function sketch(value, most, depth) {
  if (value === null || typeof value !== "object") {
    return JSON.stringify(typeof value === "string" ? value.slice(0, most) : value);
  }
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  if (depth > 8) return `${open}…${close}`;
  let written = open;
  for (const key in value) {
    if (!Object.hasOwn(value, key)) continue;
    if (written.length > 1) written += ", ";
    if (open === "{") written += `${JSON.stringify(key.slice(0, most))}: `;
    written += sketch(value[key], most - written.length, depth + 1);
    if (written.length > most) break;
  }
  return written + close;
}

/** A number as people read it. */
export function plain(number) {
  if (!Number.isFinite(number)) return Number.isNaN(number) ? "?" : "too large a number";
  const size = Math.abs(number);
  if (Number.isInteger(number) && size < 1e15) return `${number < 0 ? "−" : ""}${whole(size)}`;
  if (size >= 1e15 || (size > 0 && size < 1e-4)) return number.toExponential(2);
  if (size >= 1000) return `${number < 0 ? "−" : ""}${whole(size)}`;
  return String(Number(number.toPrecision(4))).replace("-", "−");
}

const collator = new Intl.Collator("en", { numeric: true });

/** How two names are in order: as people sort, with numbers by their size; what is none first. */
export function inOrder(one, other) {
  if (one === null || other === null) return (other === null) - (one === null);
  return collator.compare(one, other);
}

/** The members of an object, as many as may be; nothing of what is no object. */
export function* members(value, most) {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return;
  let left = most;
  for (const key in value) {
    if (left-- <= 0) return;
    if (Object.hasOwn(value, key)) yield [key, value[key]];
  }
}
