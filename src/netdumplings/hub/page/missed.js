// Why dumplings are missing, in words.

const REASONS = new Map([
  ["slow", "this page did not read fast enough"],
  ["kitchen", "a kitchen had dropped them"],
  ["history", "the hub's history does not reach back so far"],
  ["hub", "a hub was killed before it had passed them on"],
  ["sampled", "more came than this page can read"],
]);

/** Say what a gap's reason means; one that is not known, as it is. */
export function whyMissed(reason) {
  return REASONS.get(reason) ?? reason;
}
