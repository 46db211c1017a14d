// What is asked of the hub by HTTP, beside the WebSocket. It may not be there: then it was not asked.

const PATIENCE = 4000; // ms

function ask(path, headers = {}) {
  return fetch(path, { headers, cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
}

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
    const answer = await ask("api/statuses", token ? { Authorization: `Bearer ${token}` } : {});
    const { statuses: past } = answer.ok ? await answer.json() : {};
    return { past: Array.isArray(past) ? past : [], refused: answer.status === 403 };
  } catch {
    return { past: [], refused: false };
  }
}
