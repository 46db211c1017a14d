// Light, dark, or as the system has it; kept by this browser.

import { fill, h, set, svg } from "./dom.js";

const NEXT = { auto: "dark", dark: "light", light: "auto" };
const NAMES = { auto: "Auto", dark: "Dark", light: "Light" };

export function themeButton(button) {
  const root = document.documentElement;
  const chosen = () => root.dataset.theme ?? "auto";

  function show() {
    fill(button, svg("svg", { viewBox: "0 0 16 16", width: 16, height: 16, "aria-hidden": "true" },
      svg("circle", { cx: 8, cy: 8, r: 6.2, class: "theme-ring" }),
      svg("path", { d: "M8 1.8a6.2 6.2 0 0 1 0 12.4Z", class: "theme-half" })), h("span", null, NAMES[chosen()]));
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
