// An eater of netdumplings.v2: docs/reference/wire-protocol-v2.md says what is said.

import { isThere } from "./asking.js";
import { Backlog } from "./backlog.js";
import { Emitter } from "./emitter.js";
import { text } from "./dom.js";
import { Inbox } from "./inbox.js";

const PROTOCOL = "netdumplings.v2";
const STREAMS = 1024; // that a cursor may have
const PAST = { seconds: 300, dumplings: 10_000 }; // to begin with
const SHORTEST_WAIT = 500; // ms, before the first new attempt
const LONGEST_WAIT = 10_000;
const LASTING = 10_000; // ms: after a connection that lasted so long, waiting begins anew
const SILENCE = 20_000; // ms without a word, after which a hub is thought lost
const MOST_PATIENCE = 32;
const TOKEN_KEY = "netdumplings-token";

const SHUT = "The hub answers, but lets no WebSocket in; its log says why, or that of a proxy. Trying again";

const NO_TOKEN = 4004;
const TOO_MANY = 4003;
// What is wrong lies with this page: the same again would end the same way.
const REFUSALS = new Set([1002, 1003, 1007, 1008, 1009, 1010]);

/**
 * The connection to the hub, with all it takes to keep it.
 *
 * Events, to be had by on(event, fn):
 * - "dumplings": fn(lines, {history}): raw JSON texts, in order; some dozens at a time.
 * - "own": fn(dumpling): a dumpling of the hub's own, read. It is not among "dumplings".
 * - "gap": fn({missed, reason, kitchen}): here something is missing. The reason "sampled" is this
 *   page's own: more came than it could read.
 * - "state": fn({state, text}): "connecting", "open", "waiting", "token" or "refused".
 * - "welcome": fn({resumed}): a connection has begun.
 */
export class Hub extends Emitter {
  #url;
  #socket = null;
  #cursor = new Map();
  #welcomed = false; // ever
  #openSince = null;
  #failures = 0;
  #timer = null;
  #shut = 0; // times on end that it answered, and no WebSocket came of it
  #heard = 0;
  #quiet = null; // ms without a word that cannot be; null where nobody knows
  #doubted = false; // since nothing was heard of it, and no attempt has failed
  #patience = 1; // times as long may nothing be heard
  #clockAhead = 0;
  #backlog = new Backlog((event, ...told) => this.emit(event, ...told));
  #inbox = null; // of the latest connection
  #compressed;

  /**
   * @param {string} url - of its WebSocket.
   * @param {{compressed?: boolean}} [how] - compressed: whether to ask for that, which is worth the hub's
   *   time on a slow link.
   */
  constructor(url, { compressed = false } = {}) {
    super();
    this.#url = url;
    this.#compressed = compressed;
    this.state = { state: "connecting", text: "" };
    this.mayAskForPackets = false; // that kitchens keep
    setInterval(() => this.#listen(), 5000);
    addEventListener("online", () => this.#hurry());
    document.addEventListener("visibilitychange", () => document.hidden || this.#hurry());
    // A page that is kept for the back button may keep no connection.
    addEventListener("pagehide", () => this.#drop());
    addEventListener("pageshow", (event) => event.persisted && this.connect());
  }

  /**
   * Connect for the first time; or ask for the token first, so that the hub has nobody to refuse.
   *
   * @param {{ahead: number, wantsToken: boolean}} greeting - what the hub has told beforehand.
   */
  begin({ ahead, wantsToken }) {
    this.#clockAhead = ahead;
    if (wantsToken && !this.token) this.#tell("token", "one with the role eater lets this page in");
    else this.connect();
  }

  /** Say how many seconds apart the hub's own dumplings are; null if that is not known. */
  setRhythm(seconds) {
    this.#quiet = seconds === null ? null : Math.max(SILENCE, 4000 * seconds);
  }

  /** The token that was given, kept as long as this tab is open; null if there is none. */
  get token() {
    try {
      return sessionStorage.getItem(TOKEN_KEY);
    } catch {
      return this.#unstored ?? null;
    }
  }
  #unstored;

  /** Connect with another token. */
  useToken(token) {
    this.#failures = 0;
    try {
      if (token) sessionStorage.setItem(TOKEN_KEY, token);
      else sessionStorage.removeItem(TOKEN_KEY);
    } catch {
      this.#unstored = token;
    }
    this.connect();
  }

  connect() {
    this.#drop();
    // Who listens to this page is told once that the hub is away, not of every attempt.
    this.#tell("connecting", this.#failures ? this.state.text : "Connecting to the hub");
    const socket = new WebSocket(this.#url, PROTOCOL);
    this.#socket = socket;
    this.#heard = Date.now();
    const before = this.#inbox;
    const inbox = new Inbox((message) => this.#hear(message), () => this.#unreadable(socket));
    this.#inbox = inbox;
    socket.binaryType = "arraybuffer";
    socket.onopen = async () => {
      // What the connection before has brought is in the cursor first.
      await before?.empty();
      if (socket === this.#socket) socket.send(JSON.stringify(this.#hello()));
    };
    socket.onmessage = ({ data }) => {
      this.#heard = Date.now();
      inbox.add(data);
    };
    socket.onclose = (closed) => socket === this.#socket && this.#lost(closed.code, closed.reason);
  }

  #drop() {
    clearTimeout(this.#timer);
    this.#timer = null;
    const socket = this.#socket;
    this.#socket = null;
    this.#openSince = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  #hello() {
    const since = Date.now() / 1000 + this.#clockAhead - PAST.seconds;
    return {
      type: "hello",
      announcement: { eater_name: "live page" },
      token: this.token ?? undefined,
      compression: this.#compressed ? ["deflate"] : undefined,
      packets: true,
      ...(this.#welcomed
        ? { resume: Object.fromEntries(this.#cursor) }
        : { since, last: PAST.dumplings }),
    };
  }

  #hear(data) {
    const end = data.indexOf("\n");
    let told;
    try {
      told = JSON.parse(end < 0 ? data : data.slice(0, end));
    } catch {
      return;
    }
    if (!told || typeof told !== "object") return;
    if (told.type === "welcome") this.#welcome(told.packets === true);
    else if (told.type === "batch" && end >= 0) {
      this.#backlog.addLines(data, end + 1, told.history === true);
    } else if (told.type === "gap") this.#backlog.addGap(gap(told));
    // It is in this page's hands now, and stays in order, also over a reconnection.
    this.#keep(told.cursor);
  }

  #welcome(mayAskForPackets) {
    this.mayAskForPackets = mayAskForPackets;
    const resumed = this.#welcomed;
    this.#welcomed = true;
    // It was there all the time, and had nothing to say: its rhythm is slower than it seemed.
    if (this.#doubted) this.#patience = Math.min(2 * this.#patience, MOST_PATIENCE);
    this.#doubted = false;
    this.#shut = 0;
    this.#openSince = Date.now();
    this.#tell("open", "Connected");
    this.emit("welcome", { resumed });
  }

  #keep(cursor) {
    if (!cursor || typeof cursor !== "object") return;
    for (const [stream, number] of Object.entries(cursor)) {
      if (!Number.isSafeInteger(number) || number < 0 || stream.length > 64) continue;
      const before = this.#cursor.get(stream) ?? 0;
      this.#cursor.delete(stream); // so that the latest are at the end
      this.#cursor.set(stream, Math.max(before, number));
    }
    for (const stream of this.#cursor.keys()) {
      if (this.#cursor.size <= STREAMS) break;
      this.#cursor.delete(stream);
    }
  }

  #lost(code, reason) {
    if (this.#openSince !== null && Date.now() - this.#openSince > LASTING) this.#failures = 0;
    const wasOpen = this.#openSince !== null;
    this.#doubted = false;
    this.#drop();
    if (code === NO_TOKEN) {
      this.#tell("token", reason || "the hub wants a token");
    } else if (REFUSALS.has(code)) {
      this.#tell("refused", `The hub refuses this page (${reason || code}); reload it to try again`);
    } else {
      if (code === TOO_MANY) this.#failures = Math.max(this.#failures, 3);
      this.#wait(reason && code >= 4000 ? reason : wasOpen ? "connection lost" : "no answer");
      if (!reason && !wasOpen) this.#knock();
    }
  }

  /** Begin again where the last message ended that could be read. */
  #unreadable(socket) {
    if (socket !== this.#socket) return;
    this.#drop();
    this.#wait("it sent what cannot be read");
  }

  #wait(why) {
    const longest = Math.min(LONGEST_WAIT, SHORTEST_WAIT * 2 ** this.#failures);
    this.#failures += 1;
    this.#tell("waiting", this.#shut > 1 ? SHUT : `The hub is away (${text(why)}); trying again`);
    // Not all pages in the same instant.
    this.#timer = setTimeout(() => this.connect(), longest * (0.5 + Math.random() / 2));
  }

  /** Look whether there is a hub: a browser does not tell why it got no WebSocket. */
  async #knock() {
    const timer = this.#timer;
    // Once, it may have come back in between.
    this.#shut = (await isThere()) ? this.#shut + 1 : 0;
    if (this.#shut > 1 && this.#timer === timer) this.#tell("waiting", SHUT);
  }

  /** Try at once where waiting has become pointless. */
  #hurry() {
    if (this.state.state === "waiting") this.connect();
  }

  /**
   * A page cannot ping. A hub that says how it is every few seconds and has said nothing for long is
   * thought lost; one that may have nothing to say is asked whether it is there.
   */
  async #listen() {
    const socket = this.#socket;
    // If this page's clock was set back, what it was before counts for nothing.
    this.#heard = Math.min(this.#heard, Date.now());
    const silent = Date.now() - this.#heard;
    if (!socket || silent < this.#patience * (this.#quiet ?? SILENCE)) return;
    if (this.#openSince !== null && this.#quiet === null && (await isThere())) {
      this.#heard = Math.max(this.#heard, Date.now() - SILENCE / 2);
    } else if (socket === this.#socket) {
      this.#doubted = this.#openSince !== null;
      this.#drop();
      this.#wait("nothing heard of it for long");
    }
  }

  #tell(state, said) {
    if (this.state.state === state && this.state.text === said) return;
    this.state = { state, text: said };
    this.emit("state", this.state);
  }
}

function gap({ missed, reason, kitchen }) {
  return {
    missed: Number.isSafeInteger(missed) && missed >= 0 ? missed : 0,
    reason: typeof reason === "string" ? reason.slice(0, 80) : "unknown",
    kitchen: typeof kitchen === "string" ? kitchen.slice(0, 256) : null,
  };
}
