import { h } from "./dom.js";

export const id = "now";
export const title = "Now";

export function create() {
  return { element: h("div", null, h("h2", null, "Now")), update() {}, show() {}, hide() {} };
}
