// What is asked of the hub by HTTP, beside the WebSocket. It may not be there: then it was not asked.

const PATIENCE = 4000; // ms
const PACKETS_PATIENCE = 60_000; // beyond what may have yet to go by

function ask(path, headers = {}, patience = PATIENCE) {
  return fetch(path, { headers, cache: "no-store", signal: AbortSignal.timeout(patience) });
}

const bearer = (token) => (token ? { Authorization: `Bearer ${token}` } : {});

/**
 * What there is to know before connecting.
 *
 * @returns {Promise<{ahead: number, wantsToken: boolean}>} ahead: by how many seconds the hub's clock is ahead
 *   of this page's; 0 if it does not say. wantsToken: whether it would let nobody in as this page is now.
 */
export async function greeting() {
  try {
    const { headers } = await ask("healthz");
    const ahead = (Date.parse(headers.get("Date") ?? "") - Date.now()) / 1000;
    // It tells whole seconds only; and NaN, where it tells none, is not more than that.
    return { ahead: Math.abs(ahead) > 2 ? ahead : 0, wantsToken: headers.has("WWW-Authenticate") };
  } catch {
    return { ahead: 0, wantsToken: false };
  }
}

/** Whether there is a hub that answers. */
export async function isThere() {
  try {
    return (await ask("healthz")).ok;
  } catch {
    return false;
  }
}

/**
 * The status dumplings of the last minutes.
 *
 * @param {string|null} token - to show the hub, if it wants one.
 * @returns {Promise<{past: Array, refused: boolean}>} past: as JSON.parse gave them, oldest first; none if
 *   the hub keeps none. refused: the token is not for them.
 */
export async function statuses(token) {
  try {
    const answer = await ask("api/statuses", bearer(token));
    const { statuses: past } = answer.ok ? await answer.json() : {};
    return { past: Array.isArray(past) ? past : [], refused: answer.status === 403 };
  } catch {
    return { past: [], refused: false };
  }
}

/**
 * The packets around a moment.
 *
 * @param {string|null} token - to show the hub, if it wants one.
 * @param {string} kitchen - the name of the kitchen that has them.
 * @param {number} around - seconds since the epoch.
 * @param {number} seconds - how far to go before and behind.
 * @returns {Promise<{file?: ArrayBuffer, note?: string, problem?: string}>} file: a capture file; note: what the
 *   hub has to say of it; problem: why there is none.
 */
export async function packetsAround(token, kitchen, around, seconds) {
  const query = new URLSearchParams({ kitchen, around: String(around), seconds: String(seconds) });
  try {
    const patience = 2000 * seconds + PACKETS_PATIENCE;
    const answer = await ask(`api/packets?${query}`, bearer(token), patience);
    if (!answer.ok) return { problem: (await answer.text()).slice(0, 500).trim() };
    const note = answer.headers.get("Netdumplings-Note") ?? "";
    return { file: await answer.arrayBuffer(), note: note.slice(0, 500) };
  } catch {
    return { problem: "The hub gives no answer" };
  }
}
