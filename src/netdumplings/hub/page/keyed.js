// Children that stay the same elements while what they show changes: focus and selections survive.

export class Keyed {
  #parent;
  #make;
  #entries = new Map();

  /**
   * @param {Element} parent - whose children these are, and no others.
   * @param {function(string): {element: Element, update: function(any)}} make - by key.
   */
  constructor(parent, make) {
    this.#parent = parent;
    this.#make = make;
  }

  /** Show these, [[key, item]], in this order. */
  show(items) {
    const wanted = new Set(items.map(([key]) => key));
    for (const [key, { element }] of this.#entries) {
      if (wanted.has(key)) continue;
      element.remove();
      this.#entries.delete(key);
    }
    let next = this.#parent.firstElementChild;
    for (const [key, item] of items) {
      let entry = this.#entries.get(key);
      if (!entry) this.#entries.set(key, (entry = this.#make(key)));
      entry.update(item);
      if (entry.element === next) next = next.nextElementSibling;
      else this.#parent.insertBefore(entry.element, next);
    }
  }
}
