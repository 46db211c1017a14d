// The latest dumplings, as the texts they came as.
//
// Every entry has a number, and the numbers never begin again: `first` is the oldest that is kept,
// `next` the one that will come. Whoever reads the feed keeps a number of his own.

export const MOST_ENTRIES = 100_000;
export const MOST_BYTES = 64 * 2 ** 20;

const WIDE = /[^\u0000-\u00ff]/;

/** Keeps dumplings (strings) and gaps (objects), as many as it may; the oldest go. */
export class Feed {
  constructor({ entries = MOST_ENTRIES, bytes = MOST_BYTES } = {}) {
    this.most = entries;
    this.mostBytes = bytes;
    this.ring = new Array(entries).fill(null);
    this.sizes = new Uint32Array(entries);
    this.gaps = new Set(); // their numbers
    this.bytes = 0;
    this.first = 0;
    this.next = 0;
  }

  get length() {
    return this.next - this.first;
  }

  /** How many of them are dumplings. */
  get dumplings() {
    return this.length - this.gaps.size;
  }

  /** Add dumplings, in their order. */
  add(lines) {
    // The browser keeps the lines of one message as parts of it: one character that does not fit
    // into a byte makes two bytes of each of them.
    const width = lines.some((line) => WIDE.test(line)) ? 2 : 1;
    for (const line of lines) this.push(line, line.length * width);
  }

  /** Add a gap, `{missed, reason, kitchen}`, of which one was told at a time (seconds). */
  addGap(gap, time) {
    this.gaps.add(this.next);
    this.push({ ...gap, time }, 64);
  }

  /** What has this number: a string, a gap, or undefined if it is not here. */
  at(number) {
    return number >= this.first && number < this.next ? this.ring[number % this.most] : undefined;
  }

  /** The feed as it is now, which stays as it is. */
  frozen() {
    const copy = Object.create(Feed.prototype);
    return Object.assign(copy, this, {
      ring: this.ring.slice(), gaps: new Set(this.gaps), sizes: null,
    });
  }

  push(entry, size) {
    if (this.length === this.most) this.drop();
    this.ring[this.next % this.most] = entry;
    this.sizes[this.next % this.most] = size;
    this.bytes += size;
    this.next += 1;
    while (this.bytes > this.mostBytes && this.length > 1) this.drop();
  }

  drop() {
    const place = this.first % this.most;
    this.bytes -= this.sizes[place];
    this.ring[place] = null;
    this.gaps.delete(this.first);
    this.first += 1;
  }
}

const feeds = new WeakMap();

/** The one feed of the page, which takes what the hub sends from now on. */
export function feedOf(app) {
  let feed = feeds.get(app);
  if (!feed) {
    feed = new Feed();
    feeds.set(app, feed);
    app.hub.on("dumplings", (lines) => feed.add(lines));
    app.hub.on("gap", (gap) => feed.addGap(gap, Date.now() / 1000));
  }
  return feed;
}
