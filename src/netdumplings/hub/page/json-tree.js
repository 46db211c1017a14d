// JSON text as a tree that is made as far as somebody opens it.

import { h, text } from "./dom.js";
import { whole } from "./format.js";
import { children, decoded, endOf, readable, skipSpace } from "./json-scan.js";

const AT_ONCE = 100; // members of an object or list
const SHORT = 400; // characters of a string or number
const MORE = 10_000; // that are added by one click
const PEEK = 100; // characters of what is closed
const SMALL = 3000; // characters of JSON that are opened at once,
const LEVELS = 5; // and how deep

/**
 * Make a tree of the value that begins at a place of a JSON text.
 *
 * @param {string} json - may have anything before and after the value.
 * @param {number} at - where the value begins.
 * @returns {HTMLElement}
 */
export function jsonTree(json, at) {
  const start = skipSpace(json, at);
  const end = endOf(json, start);
  if (end < 0) return h("div", { class: "tree" }, longText(json.slice(start)));
  const levels = end - start <= SMALL ? LEVELS : 1;
  return h("div", { class: "tree" }, node(json, "payload", start, end, levels));
}

function node(json, key, start, end, levels) {
  const name = key === null ? null : [
    h("span", { class: "tree-key" }, cut(readable(key.slice(0, SHORT)), key.length)), ": ",
  ];
  const first = json[start];
  if (first !== "{" && first !== "[") {
    return h("div", { class: "tree-leaf" }, name, leaf(json, start, end));
  }
  if (json[skipSpace(json, start + 1)] === (first === "{" ? "}" : "]")) {
    return h("div", { class: "tree-leaf" }, name, first === "{" ? "{}" : "[]");
  }
  const peek = readable(json.slice(start, Math.min(end, start + PEEK)));
  const details = h("details", { class: "tree-branch" },
    h("summary", null, name, h("span", { class: "tree-peek" }, cut(peek, end - start, PEEK))));
  let made = false;
  const make = () => {
    if (made) return;
    made = true;
    const members = h("div", { class: "tree-members" });
    details.append(members);
    fillSome(members, json, children(json, start), first === "[", 0, levels - 1);
  };
  details.addEventListener("toggle", () => details.open && make());
  if (levels > 0) {
    make();
    details.open = true;
  }
  return details;
}

/** Add the next members, and a button for those after them. */
function fillSome(members, json, rest, isList, from, levels) {
  for (let index = from; index < from + AT_ONCE; index += 1) {
    const { value: member, done } = rest.next();
    if (done) return;
    const end = member.end();
    if (end < 0) return;
    members.append(node(json, isList ? String(index) : member.key, member.start, end, levels));
  }
  const { value: next, done } = rest.next();
  if (done) return;
  const onwards = (function* () {
    yield next;
    yield* rest;
  })();
  const button = h("button", {
    type: "button", class: "tree-more",
    onclick: () => {
      const before = members.lastChild.previousSibling;
      button.remove();
      fillSome(members, json, onwards, isList, from + AT_ONCE, 0);
      focusAfter(before);
    },
  }, `show ${AT_ONCE} more`);
  members.append(button);
}

/** Keep the keyboard where it was when the button under it goes. */
function focusAfter(before) {
  before?.nextElementSibling?.querySelector("summary, button")?.focus();
}

function leaf(json, start, end) {
  const raw = json.slice(start, end);
  if (raw[0] !== '"') {
    const kind = raw === "true" || raw === "false" || raw === "null" ? "word" : "number";
    return h("span", { class: `tree-${kind}` }, longText(raw));
  }
  // Written anew, every kind of escape is the shortest, and half of a surrogate pair is one.
  return h("span", { class: "tree-string" }, longText(JSON.stringify(decoded(raw))));
}

/** A text of which the beginning is shown, and more when asked for. */
function longText(value) {
  if (value.length <= SHORT) return [text(value)];
  let shown = wholeAt(value, SHORT);
  const span = h("span", null, value.slice(0, shown));
  const button = h("button", { type: "button", class: "tree-more", onclick: more });
  label();
  function more() {
    const next = wholeAt(value, shown + MORE);
    span.append(text(value.slice(shown, next)));
    shown = next;
    if (shown < value.length) label();
    else button.remove();
  }
  function label() {
    const left = value.length - shown;
    button.textContent = left > MORE
      ? `show ${whole(MORE)} more of ${whole(left)} characters`
      : `show ${whole(left)} more characters`;
  }
  return [span, " ", button];
}

/** The nearest place at which no surrogate pair is cut in half. */
function wholeAt(value, at) {
  const code = value.charCodeAt(at - 1);
  return at < value.length && code >= 0xd800 && code < 0xdc00 ? at - 1 : at;
}

function cut(value, length, most = SHORT) {
  return length > most ? `${value.slice(0, most)}…` : value;
}
