// Elements out of data. What the network says is only ever text: nothing here reads markup.

const SVG = "http://www.w3.org/2000/svg";
// Controls, formats (what turns the direction of text round among them), halves of surrogate pairs,
// private and unassigned ones, separators; and spaces, but for the plain and the two unbreakable ones.
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}]|(?![ \u00a0\u202f])\p{Zs}/gu;
const UNSEEN_BUT_NEWLINES = /(?!\n)[\p{C}\p{Zl}\p{Zp}]|(?![ \u00a0\u202f])\p{Zs}/gu;

/**
 * Make what cannot be seen in a text visible, as the commands of netdumplings do.
 *
 * @param {unknown} value - any value; what is no string is made one.
 * @param {{newlines?: boolean}} [keep] - newlines: leave them as they are.
 * @returns {string} the text, with \xNN, \uNNNN or \UNNNNNNNN for each such character.
 */
export function text(value, { newlines = false } = {}) {
  return String(value).replace(newlines ? UNSEEN_BUT_NEWLINES : UNSEEN, escaped);
}

function escaped(character) {
  const code = character.codePointAt(0);
  const [mark, digits] = code <= 0xff ? ["x", 2] : code <= 0xffff ? ["u", 4] : ["U", 8];
  return `\\${mark}${code.toString(16).padStart(digits, "0")}`;
}

/**
 * Make an HTML element.
 *
 * @param {string} tag - its name.
 * @param {object|null} attributes - by name. A function under "onclick" and the like listens; an
 *   object under "style" sets properties one by one (the policy of the page forbids the attribute);
 *   true is an empty attribute; false, null and undefined none. Text is made harmless.
 * @param {...(string|number|Node|null|undefined|false|Array)} children - strings become text, made
 *   harmless; for newlines that shall stay make the text node yourself.
 * @returns {HTMLElement}
 */
export function h(tag, attributes, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** Make an SVG element; otherwise as h. */
export function svg(tag, attributes, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) set(element, name, value);
  append(element, children);
  return element;
}

/** Set one attribute, as h does. */
export function set(element, name, value) {
  if (name.startsWith("on") && typeof value === "function") {
    element.addEventListener(name.slice(2), value);
  } else if (name === "style" && value && typeof value === "object") {
    for (const [property, to] of Object.entries(value)) element.style.setProperty(property, to);
  } else if (value === false || value === null || value === undefined) {
    element.removeAttribute(name);
  } else {
    const wanted = value === true ? "" : text(value);
    if (element.getAttribute(name) !== wanted) element.setAttribute(name, wanted);
  }
}

function append(element, children) {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    if (Array.isArray(child)) append(element, child);
    else element.append(child instanceof Node ? child : text(child));
  }
}

/** Put other children in the place of an element's, which are given as to h. */
export function fill(element, ...children) {
  element.replaceChildren();
  append(element, children);
  return element;
}

/** Set an element's text, made harmless, if it is another than before: quicker, and keeps selections. */
export function say(element, value) {
  const wanted = text(value);
  if (element.textContent !== wanted) element.textContent = wanted;
}
