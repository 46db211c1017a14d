// A comment in a capture file (draft-ietf-opsawg-pcapng), as the hub gives them: little-endian, with
// times in nanoseconds.

const SECTION = 0x0a0d0d0a;
const PACKET = 6;
const COMMENT = 1;
const LONGEST = 65_000; // bytes of an option
const ROUNDED = 1e-6; // s by which a time may be too early: it has not all its digits

/**
 * Write a comment on the file, and on the last packet up to a time, or else on the first: a chef makes a
 * dumpling of a packet when that has come.
 *
 * @param {ArrayBuffer} file - the capture file.
 * @param {string} comment - cut off where it is too long.
 * @param {number} around - seconds since the epoch.
 * @returns {{parts: Uint8Array[], packets: number}|null} the file, in parts, and how many packets it has;
 *   null if it is no such file.
 */
export function commented(file, comment, around) {
  const view = new DataView(file);
  let marked = null;
  let packets = 0;
  let at = 0;
  while (at < file.byteLength) {
    const size = at + 12 <= file.byteLength ? view.getUint32(at + 4, true) : 0;
    const kind = size ? view.getUint32(at, true) : 0;
    if (size < 12 || size % 4 || at + size > file.byteLength || (kind === SECTION) !== (at === 0)) return null;
    if (kind === PACKET && size >= 32) {
      packets += 1;
      if (!marked || seconds(view, at) <= around + ROUNDED) marked = { start: at, size };
    }
    at += size;
  }
  const first = file.byteLength ? view.getUint32(4, true) : 0;
  if (first < 28) return null;
  const option = optionOf(comment);
  const bytes = (start, end) => new Uint8Array(file, start, end - start);
  // The options of a section begin behind the 24 bytes of its own; a packet here has none yet.
  const parts = [grown(bytes(0, first), 24, option)];
  if (marked) {
    const end = marked.start + marked.size;
    const withEnd = new Uint8Array(option.length + 4);
    withEnd.set(option);
    const block = grown(bytes(marked.start, end), marked.size - 4, withEnd);
    parts.push(bytes(first, marked.start), block, bytes(end, file.byteLength));
  } else {
    parts.push(bytes(first, file.byteLength));
  }
  return { parts, packets };
}

function seconds(view, block) {
  return (view.getUint32(block + 12, true) * 2 ** 32 + view.getUint32(block + 16, true)) / 1e9;
}

function optionOf(comment) {
  const whole = new TextEncoder().encode(comment);
  let length = Math.min(whole.length, LONGEST);
  // Not in the middle of a character.
  while (length < whole.length && (whole[length] & 0xc0) === 0x80) length -= 1;
  const option = new Uint8Array(4 + length + ((4 - (length % 4)) % 4));
  const head = new DataView(option.buffer);
  head.setUint16(0, COMMENT, true);
  head.setUint16(2, length, true);
  option.set(whole.subarray(0, length), 4);
  return option;
}

/** Put something into a block. */
function grown(block, place, more) {
  const all = new Uint8Array(block.length + more.length);
  all.set(block.subarray(0, place));
  all.set(more, place);
  all.set(block.subarray(place), place + more.length);
  const view = new DataView(all.buffer);
  view.setUint32(4, all.length, true);
  view.setUint32(all.length - 4, all.length, true);
  return all;
}
