// Light, dark, or as the system has it; kept by this browser.

import { say, set } from "./dom.js";

const NEXT = { auto: "dark", dark: "light", light: "auto" };
const NAMES = { auto: "Auto", dark: "Dark", light: "Light" };

export function themeButton(button) {
  const root = document.documentElement;
  const chosen = () => root.dataset.theme ?? "auto";

  function show() {
    say(button, NAMES[chosen()]);
    set(button, "aria-label", `Theme: ${NAMES[chosen()].toLowerCase()}`);
    set(button, "title", `Theme: ${NAMES[chosen()].toLowerCase()}; next: ${NEXT[chosen()]}`);
  }

  button.addEventListener("click", () => {
    const next = NEXT[chosen()];
    if (next === "auto") delete root.dataset.theme;
    else root.dataset.theme = next;
    try {
      localStorage.setItem("theme", next);
    } catch {
      // It holds until the page is closed.
    }
    show();
  });
  show();
}
