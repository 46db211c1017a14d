// What has come and was not looked at yet. It is looked at in slices, so that the page stays alive
// whatever comes; what is too much is dropped, and counted.

const SLICE = 6; // ms of work, in each frame
const LINES = 64; // at most, that are passed on before the clock is looked at
const CHARACTERS = 65_536; // likewise
const MOST = 24 * 1024 * 1024; // characters that may wait; half of it is left when it gets more
const STATUS_CHEF = "SystemStatusChef";

export class Backlog {
  #emit;
  #waiting = []; // {lines: text, from: index, history} or {gap}, oldest first, from #first on
  #first = 0;
  #size = 0; // characters in it
  #sampled = 0; // dumplings that were dropped, and not told yet
  #scheduled = false;
  #timer = null;
  #frame = null;
  #go;
  #channel = new MessageChannel();

  /** @param {Function} emit - emit(event, ...told): takes "dumplings", "own" and "gap". */
  constructor(emit) {
    this.#emit = emit;
    this.#go = () => {
      if (!this.#scheduled) return;
      cancelAnimationFrame(this.#frame);
      clearTimeout(this.#timer);
      this.#scheduled = false;
      this.#work();
    };
    this.#channel.port1.onmessage = this.#go;
  }

  /**
   * Take a batch.
   *
   * @param {string} message - the whole message.
   * @param {number} from - where its first dumpling begins.
   * @param {boolean} history - whether it is of the past.
   */
  addLines(message, from, history) {
    this.#waiting.push({ lines: message, from, history });
    this.#size += message.length;
    if (this.#size > MOST) this.#sample();
    this.#schedule();
  }

  /** Take a notice of a gap, which keeps its place in the order. */
  addGap(gap) {
    this.#waiting.push({ gap });
    this.#schedule();
  }

  /** Drop the oldest batches until half is left; gaps stay. */
  #sample() {
    const kept = [];
    while (this.#first < this.#waiting.length && this.#size > MOST / 2) {
      const oldest = this.#waiting[this.#first++];
      if (oldest.gap) {
        kept.push(oldest);
        continue;
      }
      this.#size -= oldest.lines.length;
      this.#sampled += count(oldest.lines, oldest.from);
    }
    this.#waiting = kept.concat(this.#waiting.slice(this.#first));
    this.#first = 0;
  }

  #schedule() {
    if (this.#scheduled) return;
    this.#scheduled = true;
    if (document.hidden) {
      // There are no frames then, and timers are slowed down to nothing; but no one to disturb.
      this.#channel.port2.postMessage(null);
    } else {
      this.#frame = requestAnimationFrame(this.#go);
      this.#timer = setTimeout(this.#go, 100); // hidden by now, or behind another window
    }
  }

  #work() {
    const until = performance.now() + SLICE;
    if (this.#sampled) {
      const missed = this.#sampled;
      this.#sampled = 0;
      this.#emit("gap", { missed, reason: "sampled", kitchen: null });
    }
    while (this.#first < this.#waiting.length) {
      if (performance.now() >= until) {
        this.#schedule();
        return;
      }
      this.#pass(this.#waiting[this.#first]);
    }
    this.#waiting = [];
    this.#first = 0;
  }

  /** Pass on a gap, or some lines of a batch. */
  #pass(oldest) {
    if (oldest.gap) {
      this.#done();
      this.#emit("gap", oldest.gap);
      return;
    }
    const { lines, history } = oldest;
    const some = [];
    const enough = oldest.from + CHARACTERS;
    while (oldest.from < lines.length && some.length < LINES && oldest.from < enough) {
      let end = lines.indexOf("\n", oldest.from);
      if (end < 0) end = lines.length;
      const line = lines.slice(oldest.from, end);
      oldest.from = end + 1;
      const status = own(line);
      if (status) this.#emit("own", status);
      else if (line) some.push(line);
    }
    if (oldest.from >= lines.length) {
      this.#size -= lines.length;
      this.#done();
    }
    if (some.length) this.#emit("dumplings", some, { history });
  }

  #done() {
    this.#waiting[this.#first++] = null;
    if (this.#first < 1024) return;
    this.#waiting.splice(0, this.#first);
    this.#first = 0;
  }
}

/** Read a line if it is the hub's own dumpling; no kitchen's may bear that name. */
function own(line) {
  if (!line.slice(0, 256).includes(STATUS_CHEF)) return null;
  try {
    const dumpling = JSON.parse(line);
    const { chef, kitchen } = dumpling.metadata;
    return chef === STATUS_CHEF && kitchen === null ? dumpling : null;
  } catch {
    return null;
  }
}

/** Count lines. */
function count(text, from) {
  let lines = 1;
  for (let at = text.indexOf("\n", from); at >= 0; at = text.indexOf("\n", at + 1)) lines += 1;
  return lines;
}
