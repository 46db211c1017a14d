// Why there is nothing to see of kitchens, in words.

/** Say it; app is what views are given. */
export function nothingYet({ hub, book }) {
  if (book.picture) return "No kitchen is connected. Start one beside the hub: sudo nd-sniff";
  if (hub.state.state !== "open") return "Nothing is known of the hub yet.";
  if (book.refused) {
    return "The hub does not tell this page how it is: its token lacks the role status. "
      + "Dumplings come all the same.";
  }
  return "Waiting for the hub to say how it is, which it does every few seconds.";
}
