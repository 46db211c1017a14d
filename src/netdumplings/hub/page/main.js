// The page: its views as tabs, the connection and what is said of it.

import { alarmBar } from "./alarm-bar.js";
import { connectionBar } from "./connection.js";
import { h } from "./dom.js";
import { greeting, statuses } from "./asking.js";
import { Hub } from "./hub.js";
import { StatusBook } from "./status.js";
import { tabs } from "./tabs.js";
import { themeButton } from "./theme-button.js";
import * as chefs from "./view-chefs.js";
import * as dumplings from "./view-dumplings.js";
import * as now from "./view-now.js";
import * as peers from "./view-peers.js";

const SLICE = 6; // ms of work at a time
const AT_LEAST = 1000; // ms between updates of the view that is seen, also when nothing happens

const scheme = location.protocol === "https:" ? "wss" : "ws";
const near = /^(localhost|127\.[\d.]+|\[::1\])$/.test(location.hostname);
const hub = new Hub(`${scheme}://${location.host}/`, { compressed: !near });
const book = new StatusBook();

/**
 * What views are given.
 * - hub: the connection; see hub.js for its events. "status" is emitted on it as well: fn(picture)
 *   after each status dumpling, see status.js.
 * - book: the StatusBook; book.picture is the latest, null before the first.
 * - changed(): has the view that is seen updated in the next frame.
 * - open(id): goes to another view.
 */
const app = { hub, book, changed, open: (id) => bar.select(id) };

const views = [now, peers, dumplings, chefs].map((module) => {
  const view = module.create(app);
  const panel = h("section", {
    id: `panel-${module.id}`, class: `panel panel-${module.id}`, role: "tabpanel", tabindex: "0",
    "aria-labelledby": `tab-${module.id}`, hidden: true,
  }, view.element);
  return { id: module.id, title: module.title, view, panel };
});
document.getElementById("view").append(...views.map(({ panel }) => panel));

let seen = null;
const bar = tabs(document.getElementById("tabs"), views, (id) => {
  seen?.view.hide();
  seen = views.find((one) => one.id === id);
  for (const one of views) one.panel.hidden = one !== seen;
  document.title = `${seen.title} · netdumplings`;
  seen.view.show();
  changed();
});

let wanted = false;
let updated = 0;

function changed() {
  if (wanted) return;
  wanted = true;
  requestAnimationFrame(update);
}

function update() {
  wanted = false;
  updated = performance.now();
  try {
    seen?.view.update();
  } catch (error) {
    reportError(error);
  }
}

setInterval(() => document.hidden || (performance.now() - updated >= AT_LEAST && changed()), 250);

let loading = 0; // pasts that are on their way
const held = []; // status dumplings that came meanwhile

hub.on("own", (dumpling) => (loading ? held.push(dumpling) : take(dumpling)));
hub.on("welcome", async () => {
  loading += 1;
  const { past, refused } = await statuses(hub.token);
  book.refused = refused;
  let until = performance.now() + SLICE;
  for (const dumpling of past) {
    take(dumpling, { past: true });
    if (performance.now() < until) continue;
    await new Promise((done) => setTimeout(done));
    until = performance.now() + SLICE;
  }
  loading -= 1;
  if (!loading) for (const dumpling of held.splice(0)) take(dumpling, { past: true });
});

function take(dumpling, what) {
  const picture = book.take(dumpling, what);
  if (!picture) return;
  hub.setRhythm(picture.rhythm);
  hub.emit("status", picture);
}

hub.on("state", ({ state }) => state === "open" || book.interrupted());
for (const event of ["dumplings", "gap", "state", "status"]) hub.on(event, changed);

document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault(); // the address is the view's
  document.getElementById("view").focus();
});

connectionBar(app);
alarmBar(document.getElementById("alarm"), app);
themeButton(document.getElementById("theme"));
bar.start();
hub.begin(await greeting());
