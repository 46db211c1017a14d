// Work that may take long, done in slices that no frame waits for.

const BUDGET = 6; // milliseconds at a time; a frame has 16
const UNSEEN_BUDGET = 100; // in a window that is not seen, whose timers come once a second

/** Calls `step` until it has nothing left to do, a slice at a time, once `wake` was called. */
export class Slices {
  /** `step(hasTime)` works while `hasTime()`, and returns whether there is more to do. */
  constructor(step) {
    this.step = step;
    this.timer = 0;
  }

  wake() {
    if (!this.timer) this.timer = setTimeout(() => this.run(), 0);
  }

  stop() {
    clearTimeout(this.timer);
    this.timer = 0;
  }

  run() {
    this.timer = 0;
    const until = performance.now() + (document.hidden ? UNSEEN_BUDGET : BUDGET);
    if (this.step(() => performance.now() < until)) this.wake();
  }
}
