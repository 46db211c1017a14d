// What goes by now and in the last minutes, and what was lost of it.

import { StackChart } from "./chart.js";
import { fill, h, say, set } from "./dom.js";
import { compareNames, counted, percent, scaled, short } from "./format.js";
import { Keyed } from "./keyed.js";
import { packetsLost, packetsLostInWords, worstFirst } from "./losses.js";
import { nothingYet } from "./nothing-yet.js";
import { kitchenRow } from "./now-kitchen.js";
import { BIT_PARTS, PACKET_PARTS, Totals } from "./totals.js";

export const id = "now";
export const title = "Now";

const WINDOWS = [60, 120, 300]; // s that the charts show: as much as is known
const WINDOW = WINDOWS.at(-1); // of losses
const MOST_ROWS = 50;
const LINES = 4; // ms for drawing lines, in each frame

export function create(app) {
  const { hub, book } = app;
  const totals = new Totals();
  let chosen = ""; // key of a kitchen
  let drawn = null; // the picture that is shown
  let missedHere = 0;
  let noted = "";

  const select = h("select", { id: "now-kitchen", onchange: () => choose(select.value) });
  const figures = {
    packets: figure("Packets"), bits: figure("Bits"), dumplings: figure("Dumplings"), lost: figure("Lost"),
  };
  const notes = h("ul", { class: "notes" });
  const packets = new StackChart("Packets", "/s", redraw);
  const bits = new StackChart("Bits", "bit/s", redraw);
  const rows = h("tbody", { role: "rowgroup" });
  let until = 0; // when the time for lines is over
  const mayDraw = () => performance.now() < until || !(unfinished = true);
  let unfinished = false;
  const keyed = new Keyed(rows, () =>
    kitchenRow((key) => choose(key === chosen ? "" : key), mayDraw));
  const more = h("p", { class: "soft small" });
  const lines = {
    recent: lossLine("Packets, last 5 minutes"),
    ever: lossLine("Packets, since the kitchens began"),
    toHub: lossLine("Dumplings, on the way to the hub"),
    toEaters: lossLine("Dumplings, from the hub to eaters"),
    here: lossLine("This page"),
  };
  const losses = h("ul", { class: "losses" }, Object.values(lines).map((one) => one.element));
  const empty = h("p", { class: "notice" });
  const body = h("div", { class: "now-body" },
    h("dl", { class: "figures" }, Object.values(figures).map(({ element }) => element)),
    h("div", { class: "charts" }, packets.element, bits.element),
    h("div", { class: "beneath" },
      h("section", { class: "card scrolls", "aria-labelledby": "now-kitchens" },
        h("h2", { id: "now-kitchens" }, "Kitchens"),
        h("table", { class: "now-kitchens", role: "table" },
          h("thead", { role: "rowgroup" }, h("tr", { role: "row" },
            h("th", { scope: "col", role: "columnheader" }, "Kitchen"),
            h("th", { scope: "col", role: "columnheader" }, "Last minutes"),
            ["packets/s", "bit/s", "lost"].map((name) =>
              h("th", { scope: "col", role: "columnheader", class: "number" }, name)))),
          rows),
        more),
      h("section", { class: "card", "aria-labelledby": "now-losses" },
        h("h2", { id: "now-losses" }, "Losses"), losses)));
  const bar = h("div", { class: "bar" },
    h("label", { for: "now-kitchen", class: "soft" }, "Kitchen"), select, notes);
  const element = h("div", { class: "now" }, bar, empty, body);

  hub.on("gap", ({ missed }) => { missedHere += missed; });

  function choose(key) {
    chosen = key;
    drawn = null;
    app.changed();
  }

  function redraw() {
    drawn = null;
    app.changed();
  }

  function update() {
    const { picture } = book;
    const none = !picture?.kitchens.length;
    empty.hidden = !none;
    bar.hidden = body.hidden = none;
    if (none) {
      say(empty, nothingYet(app));
      return;
    }
    const now = hub.state.state === "open" ? picture.time : book.now();
    // While the hub is away nothing comes; but time goes on.
    if (picture === drawn?.picture && Math.abs(now - drawn.now) < 0.9) return;
    drawn = { picture, now };
    if (chosen && !picture.kitchens.some(({ key }) => key === chosen)) chosen = renamed(picture, chosen);
    options(select, picture.kitchens, chosen);
    const shown = picture.kitchens.filter(({ key }) => !chosen || key === chosen);
    const known = now - (picture.ticks[0]?.from ?? now);
    const window = WINDOWS.find((one) => known <= one) ?? WINDOW;
    const spans = totals.spans(picture, chosen, now - window);
    const data = (parts, values) => ({
      now, window, parts,
      spans: spans.map((one) => ({ from: one.from, to: one.to, values: values(one) })),
    });
    packets.draw(data(PACKET_PARTS, (one) => one.packets));
    bits.draw(data(BIT_PARTS, (one) => one.bits));
    const recent = packetsLost(shown.map(({ meter }) => meter.since(now - WINDOW)));
    showFigures(shown, recent);
    const said = notesOn(shown);
    if (said.join() !== noted) fill(notes, said.map((note) => h("li", null, note)));
    noted = said.join();
    const sorted = worstFirst(picture.kitchens);
    until = performance.now() + LINES;
    unfinished = totals.unfinished;
    keyed.show(sorted.slice(0, MOST_ROWS).map((kitchen) => [
      kitchen.key, { kitchen, picture, now, window, recently: now - WINDOW, chosen: kitchen.key === chosen },
    ]));
    say(more, sorted.length > MOST_ROWS
      ? `and ${counted(sorted.length - MOST_ROWS, "more kitchen")}, where less was lost` : "");
    showLosses(picture, shown, recent);
    // The rest comes with the next frame.
    if (unfinished) redraw();
  }

  function showFigures(shown, lost) {
    const here = shown.filter(({ gone }) => gone === null);
    figures.packets.show(together(here, "packets_handled"));
    figures.bits.show(together(here, "bytes_handled", 8), "bit/s");
    figures.dumplings.show(together(here, "dumplings_made"));
    figures.lost.tell(lost.lost ? percent(lost.share) : "0", lost.lost
      ? `${short(lost.lost)} packets in 5 min` : "packets in 5 min", lost.lost > 0);
  }

  function showLosses(picture, shown, recent) {
    const ever = packetsLost(shown.map(({ counts }) => counts));
    const dropped = shown.reduce((all, { counts, lost }) =>
      all + Math.max(counts.dumplings_dropped ?? 0, lost ?? 0), 0);
    const slow = picture.hub.dropped ?? 0;
    lines.recent.tell(packetsLostInWords(recent), `none of ${short(recent.of)} lost`);
    lines.ever.tell(packetsLostInWords(ever), `none of ${short(ever.of)} lost`);
    lines.toHub.tell(dropped ? `${counted(dropped, "dumpling")} dropped by full outboxes` : "", "none lost");
    lines.toEaters.tell(slow ? `${counted(slow, "dumpling")} missed by slow eaters` : "", "none lost");
    lines.here.tell(missedHere ? `missed ${counted(missedHere, "dumpling")}` : "", "missed none");
  }

  return { element, update, show() { drawn = null; }, hide() {} };
}

/** A line that says what was lost in red, or that nothing was. */
function lossLine(what) {
  const words = h("span");
  return {
    element: h("li", null, h("span", { class: "soft" }, what), " ", words),
    tell(lost, nothing) {
      say(words, lost || nothing);
      set(words, "class", lost ? "loss" : "good");
    },
  };
}

function figure(name) {
  const number = h("span", { class: "big" });
  const small = h("span", { class: "unit" });
  const element = h("div", { class: "figure" }, h("dt", null, name), h("dd", null, number, " ", small));
  return {
    element,
    /** A sum, or null where nothing is known. */
    show(value, unit) {
      if (value === null) this.tell("–", "", false);
      else if (unit === "bit/s") this.tell(scaled(value)[0], `${scaled(value)[1]}bit/s`, false);
      else this.tell(short(value), "a second", false);
    },
    tell(first, second, red) {
      say(number, first);
      say(small, second);
      set(element, "class", red ? "figure red" : "figure");
    },
  };
}

function together(kitchens, name, times = 1) {
  const known = kitchens.map(({ meter }) => meter.latest?.[name] ?? null).filter((one) => one !== null);
  return known.length ? times * known.reduce((sum, one) => sum + one, 0) : null;
}

/** Say what is not in the charts, and why. */
function notesOn(kitchens) {
  const here = kitchens.filter(({ gone }) => gone === null);
  const silent = here.filter(({ told }) => !told);
  const coarse = here.filter(({ told, layers }) => told && !layers);
  const sizeless = here.filter(({ told, counts }) => told && counts.bytes_handled === null);
  const names = (some) => some.slice(0, 3).map(({ name }) => name).join(", ")
    + (some.length > 3 ? ` and ${some.length - 3} more` : "");
  const notes = [];
  if (silent.length) notes.push(`No counts from ${names(silent)}: not in these charts.`);
  if (coarse.length) notes.push(`No layers from ${names(coarse)}: shown as one.`);
  const narrow = here.filter(({ kernelFilter }) => kernelFilter !== null);
  if (narrow.length) notes.push(`From ${names(narrow)}: only packets that a chef is for.`);
  if (sizeless.length) notes.push(`No bytes from ${names(sizeless)}: not among the bits.`);
  return notes;
}

/** The key of a kitchen that has come back by another connection; "" for all if it has not. */
function renamed(picture, key) {
  const name = key.slice(0, key.lastIndexOf("\0"));
  return picture.kitchens.find((one) => one.key.startsWith(`${name}\0`))?.key ?? "";
}

/** Offer the kitchens, if they are others than before. */
function options(select, kitchens, chosen) {
  const offered = kitchens.map(({ key, gone }) => `${key}\0${gone === null}`).join("\0");
  if (select.offered !== offered) {
    select.offered = offered;
    const sorted = kitchens.slice().sort((one, other) => compareNames(one.name, other.name));
    const places = sorted.map(({ name, host }) => `${name} at ${host}`);
    // Of a name there may be several at a host.
    const once = new Set(places);
    const twice = new Set(places.filter((place) => !once.delete(place)));
    const all = [["", "all"], ...sorted.map(({ key, port, gone }, at) => [
      key, `${places[at]}${twice.has(places[at]) ? `:${port}` : ""}${gone === null ? "" : " (gone)"}`])];
    fill(select, all.map(([key, name]) => {
      const option = h("option", null, name);
      option.value = key;
      return option;
    }));
  }
  if (select.value !== chosen) select.value = chosen;
}
