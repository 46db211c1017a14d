// A text as a pattern that finds it in JSON, whichever way it was written there.

const PLAIN = /[A-Za-z0-9 _,:-]/;
// With a backslash before it in JSON: always, or perhaps.
const WITH_BACKSLASH = new Map([["\\", ""], ['"', "?"], ["/", "?"]]);

/**
 * Returns a pattern that finds a text in any case in JSON text: as it is, with `\uXXXX` for what is no
 * plain character, and with the backslashes that JSON wants. Nothing has to be made of the JSON, which
 * may be long.
 */
export function patternOf(text) {
  return new RegExp([...text].map(oneOf).join(""), "iu");
}

function oneOf(character) {
  if (PLAIN.test(character)) return character;
  const forms = new Set([character, character.toLowerCase(), character.toUpperCase()]);
  const escapes = [...forms].map((form) => Array.from({ length: form.length },
    (_, at) => `\\\\u${form.charCodeAt(at).toString(16).padStart(4, "0")}`).join(""));
  const literal = `\\u{${character.codePointAt(0).toString(16)}}`;
  const backslash = WITH_BACKSLASH.has(character) ? `\\\\${WITH_BACKSLASH.get(character)}` : "";
  return `(?:${[backslash + literal, ...escapes].join("|")})`;
}
