// Numbers and times as people read them.

const PREFIXES = ["", "k", "M", "G", "T", "P", "E"];
const integers = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

/** Compare names as people sort them, "eth2" before "eth10"; localeCompare takes ten times as long. */
export const compareNames = new Intl.Collator("en", { numeric: true }).compare;

/** Write a whole number with thin spaces between thousands; "?" for what is none. */
export function whole(number) {
  return Number.isFinite(number) ? integers.format(number).replaceAll(",", "\u202f") : "?";
}

/**
 * Write a number short, with three digits at most.
 *
 * @param {number} number - not negative.
 * @param {string} unit - as "bit/s"; may be empty.
 * @returns {string} as "1.25 Mbit/s".
 */
export function short(number, unit = "") {
  if (!Number.isFinite(number)) return "?";
  const [digits, prefix] = scaled(number);
  const rest = `${prefix}${unit}`;
  return rest && !rest.startsWith("/") ? `${digits}\u00a0${rest}` : `${digits}${rest}`;
}

/** The two parts of a number that is written short: its digits, and the prefix of its unit. */
export function scaled(number) {
  let at = 0;
  let rest = number;
  while (rest >= 999.5 && at < PREFIXES.length - 1) {
    rest /= 1000;
    at += 1;
  }
  const fraction = rest === 0 || rest >= 99.95 ? 0 : rest >= 9.995 ? 1 : 2;
  const digits = rest.toFixed(fraction);
  return [digits.includes(".") ? digits.replace(/\.?0+$/, "") : digits, PREFIXES[at]];
}

/** Write a share as a percentage; what is not zero never looks like it. */
export function percent(share) {
  if (!Number.isFinite(share)) return "?";
  if (share === 0) return "0%";
  const value = share * 100;
  if (value < 0.01) return "<0.01%";
  if (share < 1 && value > 99.9) return ">99.9%";
  return `${value < 1 ? value.toFixed(2) : value < 10 ? value.toFixed(1) : value.toFixed(0)}%`;
}

/** Write a span of seconds: "0.4 s", "12 s", "3 min", "2 h 5 min", "4 d 3 h". */
export function span(seconds) {
  if (!Number.isFinite(seconds)) return "?";
  if (seconds < 0) return span(0);
  if (seconds < 9.95) return `${Number(seconds.toFixed(1))}\u00a0s`;
  if (seconds < 99.5) return `${Math.round(seconds)}\u00a0s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes}\u00a0min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return join(hours, "h", minutes % 60, "min");
  return join(Math.floor(hours / 24), "d", hours % 24, "h");
}

function join(large, largeUnit, small, smallUnit) {
  const first = `${large}\u00a0${largeUnit}`;
  return small ? `${first} ${small}\u00a0${smallUnit}` : first;
}

/** Write "1 packet" or "12 packets". */
export function counted(number, one, many = `${one}s`) {
  return `${whole(number)} ${number === 1 ? one : many}`;
}
