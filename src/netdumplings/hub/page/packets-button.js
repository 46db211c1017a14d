// The packets around a dumpling, if its kitchen keeps them and they may be had: a file to download.

import { packetsAround } from "./asking.js";
import { h } from "./dom.js";
import { counted } from "./format.js";
import { glance } from "./json-scan.js";
import { commented } from "./pcapng.js";

const SECONDS = 10; // before the dumpling, and behind it
const KEPT = 60_000; // ms for which the browser has time to write the file

/** Whether there may be packets around a dumpling of this kitchen, as far as this page knows. */
export function mayHavePackets({ hub, book }, kitchen) {
  if (!hub.mayAskForPackets || kitchen === null) return false;
  const kitchens = book?.picture?.kitchens;
  // Who is not told of the kitchens learns it by asking.
  return !kitchens || kitchens.some((one) => one.name === kitchen && one.ring && one.gone === null);
}

/**
 * A button that gets them.
 *
 * @param {object} app - as views are given it.
 * @param {function(string, boolean=)} tell - says how it goes; true if it went wrong.
 */
export class PacketsButton {
  constructor(app, tell) {
    this.app = app;
    this.tell = tell;
    this.line = null;
    this.asked = null; // the dumpling whose packets are on their way
    this.element = h("button", {
      type: "button", hidden: true, onclick: () => this.get(),
      title: `A capture file with what the kitchen sniffed from ${SECONDS} seconds before the dumpling to ` +
        `${SECONDS} seconds after it`,
    }, "Packets");
  }

  /** Offer the packets around another dumpling; null for none. */
  offer(line) {
    this.line = line;
    this.update();
  }

  update() {
    const says = this.line === null ? null : glance(this.line);
    this.element.hidden = !says || !Number.isFinite(says.time) || !mayHavePackets(this.app, says.kitchen);
    this.element.disabled = this.asked !== null;
  }

  async get() {
    const { line } = this;
    if (line === null || this.asked !== null) return;
    const { kitchen, time } = glance(line);
    this.asked = line;
    this.update();
    this.tell("Getting packets: what is yet to come is waited for", false);
    const { file, problem, note } = await packetsAround(this.app.hub.token, kitchen, time, SECONDS);
    const found = file && commented(file, line, time);
    if (found) save(found.parts, time);
    this.asked = null;
    this.update();
    if (found) this.tell(`${counted(found.packets, "packet")} saved${note ? `; ${note}` : ""}`);
    else this.tell(problem || "What the hub gave is no capture file", true);
  }
}

function save(parts, time) {
  const address = URL.createObjectURL(new Blob(parts, { type: "application/x-pcapng" }));
  const moment = new Date(time * 1000).toISOString().replace(/[-:]|\.\d+/g, "");
  const link = h("a", { href: address, download: `packets-${moment}.pcapng`, class: "offscreen" });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), KEPT);
}
