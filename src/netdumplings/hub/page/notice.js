// What is said of a view: its words are read out as they change, its numbers are not.

import { h, say } from "./dom.js";

export class Notice {
  #words = h("span", { role: "status", "aria-live": "polite" });
  #numbers = h("span");
  element = h("p", { class: "feed-notice" }, this.#words, " ", this.#numbers);

  /**
   * Say something; nothing without arguments.
   *
   * @param {string} words - what seldom changes.
   * @param {string} numbers - what changes all the time, of which a screen reader would never be done.
   */
  tell(words = "", numbers = "") {
    say(this.#words, words);
    say(this.#numbers, numbers);
  }
}
