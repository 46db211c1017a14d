import { fill, h } from "./dom.js";

export const id = "dumplings";
export const title = "Dumplings";

const SHOWN = 100;

export function create({ hub }) {
  const latest = [];
  const list = h("ol", { class: "mono" });
  hub.on("dumplings", (lines) => {
    latest.push(...lines);
    latest.splice(0, latest.length - SHOWN);
  });
  return {
    element: h("div", null, h("h2", null, "Dumplings"), list),
    update() {
      fill(list, latest.map((line) => h("li", null, line)).reverse());
    },
    show() {},
    hide() {},
  };
}
