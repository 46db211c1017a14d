// Moments, in seconds since the epoch, as people read them.

const NONE = "no time";
const two = (number) => String(number).padStart(2, "0");

function date(seconds) {
  const made = new Date(seconds * 1000);
  return Number.isNaN(made.getTime()) ? null : made;
}

/** The time of day here, to the millisecond: "14:03:59.120". */
export function clockTime(seconds) {
  const at = date(seconds);
  if (at === null) return NONE;
  const milliseconds = String(at.getMilliseconds()).padStart(3, "0");
  return `${shortTime(seconds)}.${milliseconds}`;
}

/** The time of day here, to the second: "14:03:59". */
export function shortTime(seconds) {
  const at = date(seconds);
  return at === null ? NONE : `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** Date and time in UTC: "2026-05-01 12:03:59.120 UTC". */
export function fullTime(seconds) {
  const at = date(seconds);
  return at === null ? NONE : at.toISOString().replace("T", " ").replace("Z", " UTC");
}
