// What is said of the connection, above all views: its state, the token, what was missed.

import { fill, h, say } from "./dom.js";
import { counted, whole } from "./format.js";
import { whyMissed } from "./missed.js";

const KEPT = 50; // notices

export function connectionBar({ hub }) {
  const state = document.getElementById("state");
  const asking = document.getElementById("asking");
  hub.on("state", ({ state: name, text }) => {
    document.documentElement.dataset.connection = name;
    say(state, name === "token" ? `The hub wants a token: ${text}` : text);
    ask(asking, hub, name === "token");
  });
  missedList(document.getElementById("missed"), hub);
}

/** Show the form for the token, or nothing if none is asked for. */
function ask(place, hub, wanted) {
  if (!wanted) {
    fill(place);
    return;
  }
  const input = h("input", {
    id: "token", type: "password", autocomplete: "off", spellcheck: "false", maxlength: "1024",
    required: true, "aria-describedby": "token-why",
  });
  const form = h("form", {
    class: "ask",
    onsubmit: (event) => {
      event.preventDefault();
      hub.useToken(input.value.trim());
    },
  },
  h("label", { for: "token" }, "Token for this hub"),
  input,
  h("button", { type: "submit" }, "Connect"),
  h("p", { id: "token-why" }, "One with the roles eater and status shows everything: ",
    h("code", null, "nd-token make"), " on the hub's host. It is forgotten when this tab is closed."));
  fill(place, form);
  input.focus();
}

/** Keep a list of what was missed, and its sum in sight. */
function missedList(place, hub) {
  const notices = [];
  let sum = 0;
  const list = h("ol", { class: "missed-list", reversed: true });
  const summary = h("summary");
  const details = h("details", { hidden: true }, summary, list);
  place.append(details);
  // It lies over what is beneath: it goes as menus do.
  document.addEventListener("pointerdown", (event) => place.contains(event.target) || close());
  place.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !details.open) return;
    event.preventDefault(); // so that nothing else is closed by it
    close();
    summary.focus();
  });
  const close = () => { details.open = false; };
  hub.on("gap", ({ missed, reason, kitchen }) => {
    sum += missed;
    const latest = notices[0];
    if (latest && latest.reason === reason && latest.kitchen === kitchen) {
      latest.missed += missed;
      latest.at = new Date();
    } else {
      notices.unshift({ missed, reason, kitchen, at: new Date() });
      notices.length = Math.min(notices.length, KEPT);
    }
    details.hidden = false;
    say(summary, `${whole(sum)} missed`);
    fill(list, notices.map((notice) => h("li", null, sentence(notice))));
  });
}

function sentence({ missed, reason, kitchen, at }) {
  const whose = kitchen === null ? "" : ` of kitchen ${kitchen}`;
  return `${at.toLocaleTimeString()}: ${counted(missed, "dumpling")}${whose}; ${whyMissed(reason)}`;
}
