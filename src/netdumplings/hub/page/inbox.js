// Messages in the order in which they came, though some of them must be unpacked first.

const MOST = 2_228_224; // bytes that a message of the hub may become

/** The messages of one connection. */
export class Inbox {
  #hear;
  #onbroken;
  #last = Promise.resolve();
  #waiting = 0;
  #broken = false;

  /**
   * @param {function(string)} hear - is given the text of each message.
   * @param {function()} onbroken - is called if one cannot be read; none after it is heard.
   */
  constructor(hear, onbroken) {
    this.#hear = hear;
    this.#onbroken = onbroken;
  }

  /**
   * Take a message: at once if it is text and nothing waits.
   *
   * @param {string|ArrayBuffer} data - a text, or one that is compressed.
   */
  add(data) {
    if (typeof data === "string" && !this.#waiting && !this.#broken) {
      this.#hear(data);
      return;
    }
    this.#waiting += 1;
    const unpacking = typeof data === "string" ? data : unpacked(data).catch(() => null);
    this.#last = this.#last.then(async () => {
      const message = await unpacking;
      this.#waiting -= 1;
      if (this.#broken) return;
      if (message !== null) {
        this.#hear(message);
      } else {
        this.#broken = true;
        this.#onbroken();
      }
    });
  }

  /** Wait until all that has been taken so far was heard. */
  async empty() {
    await this.#last;
  }
}

/**
 * Unpack a message.
 *
 * @param {ArrayBuffer} data - in the zlib format, RFC 1950.
 * @returns {Promise<string>} rejected if it is broken, or becomes longer than a message may be.
 */
async function unpacked(data) {
  const bytes = new Blob([data]).stream().pipeThrough(new DecompressionStream("deflate"));
  const reader = bytes.getReader();
  const decoder = new TextDecoder();
  const parts = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.length;
    if (size > MOST) {
      await reader.cancel();
      throw new RangeError("a message that becomes too long");
    }
    parts.push(decoder.decode(value, { stream: true }));
  }
  return parts.join("") + decoder.decode();
}
