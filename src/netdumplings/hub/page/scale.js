// Where the lines of a chart's axis are.

/**
 * Choose round numbers from 0 up.
 *
 * @param {number} most - what must fit.
 * @param {number} lines - about so many.
 * @returns {number[]} evenly spaced, the first 0, the last not less than most.
 */
export function ticksUpTo(most, lines = 4) {
  const rough = (most > 0 ? most : 1) / lines;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((times) => times * power).find((one) => one >= rough * 0.999);
  const count = Math.max(1, Math.ceil((most > 0 ? most : 1) / step - 1e-9));
  return Array.from({ length: count + 1 }, (_, at) => at * step);
}
