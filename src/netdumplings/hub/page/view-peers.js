import { h } from "./dom.js";

export const id = "fleet";
export const title = "Kitchens, chefs, eaters";

export function create() {
  return { element: h("div", null, h("h2", null, "Kitchens, chefs and eaters")), update() {}, show() {}, hide() {} };
}
