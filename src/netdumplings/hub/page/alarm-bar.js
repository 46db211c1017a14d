// What is wrong with hubs, above every view.

import { h, say } from "./dom.js";
import { alarms } from "./hubs.js";

/** Say it in an element as long as it is so; app is what views are given. */
export function alarmBar(element, { hub }) {
  const list = h("ul");
  element.append(list);
  hub.on("status", ({ hubs }) => {
    const said = alarms(hubs);
    said.forEach((one, at) => say(list.children[at] ?? list.appendChild(h("li")), one));
    while (list.children.length > said.length) list.lastChild.remove();
    element.hidden = said.length === 0;
  });
}
