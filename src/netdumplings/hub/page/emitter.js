// Those who want to be told, and what they are told.

export class Emitter {
  #listeners = new Map();

  /** Have a function called whenever something happens; returns one that ends that. */
  on(event, fn) {
    if (!this.#listeners.has(event)) this.#listeners.set(event, new Set());
    this.#listeners.get(event).add(fn);
    return () => this.#listeners.get(event).delete(fn);
  }

  emit(event, ...told) {
    for (const fn of this.#listeners.get(event) ?? []) {
      try {
        fn(...told);
      } catch (error) {
        // One view that fails takes no other with it; it must not pass unseen either.
        reportError(error);
      }
    }
  }
}
