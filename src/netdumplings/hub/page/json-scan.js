// Where things are in a JSON text, without making anything of it.
//
// A dumpling is kept as the text it came as. To show it, its text is scanned as far as somebody
// looks: so numbers keep all their digits, keys their order, and no key of a stranger's becomes a
// property of an object of ours. The hub has checked that it is JSON; of what is not, these say
// so with -1 or null, or find less than there is.

const BRACKETS_AND_QUOTES = /["[\]{}]/g;
const SPACE = /[ \t\n\r]*/y;
const PLAIN = /[^ \t\n\r,:[\]{}"]+/y;
const UNICODE_ESCAPES = /\\(?:u([0-9a-fA-F]{4})|[^])/g;

/** The first place from `at` on that is not white space. */
export function skipSpace(json, at) {
  SPACE.lastIndex = at;
  SPACE.test(json);
  return SPACE.lastIndex;
}

/** The place after the string that begins at `at`, or -1. */
function endOfString(json, at) {
  let quote = at;
  for (;;) {
    quote = json.indexOf('"', quote + 1);
    if (quote < 0) return -1;
    let before = quote - 1;
    while (json[before] === "\\") before -= 1;
    if ((quote - before) % 2 === 1) return quote + 1;
  }
}

/** The place after the value that begins at `at`, or -1. */
export function endOf(json, at) {
  const first = json[at];
  if (first === '"') return endOfString(json, at);
  if (first !== "{" && first !== "[") {
    PLAIN.lastIndex = at;
    return PLAIN.test(json) ? PLAIN.lastIndex : -1;
  }
  let depth = 0;
  for (let next = at; ; ) {
    BRACKETS_AND_QUOTES.lastIndex = next;
    if (!BRACKETS_AND_QUOTES.test(json)) return -1;
    next = BRACKETS_AND_QUOTES.lastIndex;
    const found = json[next - 1];
    if (found === '"') {
      next = endOfString(json, next - 1);
      if (next < 0) return -1;
    } else if (found === "{" || found === "[") {
      depth += 1;
    } else {
      depth -= 1;
      if (depth === 0) return next;
    }
  }
}

/**
 * What is in the object or list that begins at `at`, one after the other.
 *
 * Yields `{key, start, end}`: the raw text of the key with its quotes (of a list, null), and where
 * the value is. A value's end is looked for when the next is asked for; `end` is a function.
 */
export function* children(json, at) {
  const isObject = json[at] === "{";
  let next = skipSpace(json, at + 1);
  while (next < json.length && json[next] !== "}" && json[next] !== "]") {
    let key = null;
    if (isObject) {
      const end = json[next] === '"' ? endOfString(json, next) : -1;
      if (end < 0) return;
      key = json.slice(next, end);
      next = skipSpace(json, end);
      if (json[next] !== ":") return;
      next = skipSpace(json, next + 1);
    }
    const start = next;
    let end = 0;
    yield { key, start, end: () => (end ||= endOf(json, start)) };
    end ||= endOf(json, start);
    if (end < 0) return;
    next = skipSpace(json, end);
    if (json[next] !== ",") return;
    next = skipSpace(json, next + 1);
  }
}

/** What a string's raw text, quotes included, stands for; as it is, if it is broken. */
export function decoded(raw) {
  try {
    const value = JSON.parse(raw);
    return typeof value === "string" ? value : raw;
  } catch {
    return raw;
  }
}

/** JSON text with `\uXXXX` as the characters they are, as far as that leaves it JSON. */
export function readable(json) {
  if (!json.includes("\\u")) return json;
  return json.replace(UNICODE_ESCAPES, (escape, hex) => {
    const code = hex ? Number.parseInt(hex, 16) : 0;
    return code > 0xa0 ? String.fromCharCode(code) : escape;
  });
}

/**
 * What a dumpling says of itself, and where its payload begins.
 *
 * Returns `{chef, kitchen, driver, time, payload}`: kitchen is null for the hub's own, time in
 * seconds since the epoch, payload a place in the text; or null if it is no dumpling. Kitchens
 * written in Python put the metadata first; then nothing of the payload is read.
 */
export function glance(line) {
  const start = skipSpace(line, 0);
  if (line[start] !== "{") return null;
  let metadata = null;
  let payload = -1;
  for (const child of children(line, start)) {
    if (child.key === '"metadata"') metadata = metadataAt(line, child);
    else if (child.key === '"payload"') payload = child.start;
    if (metadata && payload >= 0) return { ...metadata, payload };
  }
  return null;
}

const MOST_METADATA = 8192;

function metadataAt(line, child) {
  const end = child.end();
  if (end < 0 || end - child.start > MOST_METADATA) return null;
  let found;
  try {
    found = JSON.parse(line.slice(child.start, end));
  } catch {
    return null;
  }
  if (found === null || typeof found.chef !== "string") return null;
  const { chef, kitchen, driver, creation_time: time } = found;
  return {
    chef,
    kitchen: typeof kitchen === "string" ? kitchen : null,
    driver: driver === "interval" ? "interval" : "packet",
    time: typeof time === "number" ? time : Number.NaN,
  };
}
