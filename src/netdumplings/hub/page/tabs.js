// Tabs by the ARIA pattern: one is in the tab order, arrow keys go to the others and open them.

import { h } from "./dom.js";

/**
 * Fill a tablist.
 *
 * @param {Element} list - the element with the role.
 * @param {Array<{id: string, title: string}>} views - each with a panel whose id is "panel-" + id.
 * @param {function(string)} show - is called with the id of the view that is to be seen.
 * @returns {{select: function(string), start: function()}} start opens the view in the address.
 */
export function tabs(list, views, show) {
  const buttons = new Map(views.map(({ id, title }) => [id, h("button", {
    id: `tab-${id}`, class: "tab", type: "button", role: "tab", "aria-controls": `panel-${id}`,
    onclick: () => go(id), onkeydown: (event) => onKey(event, id),
  }, title)]));
  list.append(...buttons.values());
  const ids = [...buttons.keys()];
  let selected = null;

  function select(id) {
    if (!buttons.has(id) || id === selected) return;
    selected = id;
    for (const [other, button] of buttons) {
      button.setAttribute("aria-selected", String(other === id));
      button.tabIndex = other === id ? 0 : -1;
    }
    show(id);
  }

  function go(id) {
    // The address follows, so that a view can be linked to; "back" leaves the page, as ever.
    history.replaceState(null, "", `#${id}`);
    select(id);
  }

  function onKey(event, id) {
    const at = ids.indexOf(id);
    const to = {
      ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: ids.length - 1,
    }[event.key];
    if (to === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    const other = ids.at(to % ids.length);
    go(other);
    buttons.get(other).focus();
  }

  const wanted = () => location.hash.slice(1);
  addEventListener("hashchange", () => select(wanted()));
  return {
    select: go,
    start: () => select(buttons.has(wanted()) ? wanted() : ids[0]),
  };
}
