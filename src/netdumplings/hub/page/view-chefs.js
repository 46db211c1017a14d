import { fill, h } from "./dom.js";

export const id = "chefs";
export const title = "Per chef";

export function create({ hub }) {
  const latest = new Map();
  const list = h("dl");
  hub.on("dumplings", (lines) => {
    for (const line of lines) {
      const { metadata, payload } = JSON.parse(line);
      latest.set(metadata.chef, payload);
    }
  });
  return {
    element: h("div", null, h("h2", null, "Per chef"), list),
    update() {
      fill(list, [...latest].map(([chef, payload]) => [
        h("dt", null, chef), h("dd", { class: "mono" }, JSON.stringify(payload)),
      ]));
    },
    show() {},
    hide() {},
  };
}
