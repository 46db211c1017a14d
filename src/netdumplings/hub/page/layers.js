// What went by, in parts that add up: each packet is in one of them.

/** From the bottom of the chart to its top. The colours are in style.css, by the same names. */
export const PARTS = [
  { id: "tcp", name: "TCP" },
  { id: "udp", name: "UDP" },
  { id: "icmp", name: "ICMP" },
  { id: "other-ip", name: "other IP" },
  { id: "arp", name: "ARP" },
  { id: "other", name: "other" },
  { id: "untold", name: "layer not told" },
];

/**
 * Split the rates of a kitchen into the parts.
 *
 * A packet that a kitchen counted is in one of IP, IPv6, ARP and other, and may be in TCP, UDP, ICMP or
 * ICMPv6 besides.
 *
 * @param {object} rates - of a kitchen's meter.
 * @param {0|1} which - 0 for packets, 1 for bytes.
 * @returns {number[]|null} one for each of PARTS, a second; null if nothing is told of it.
 */
export function split(rates, which) {
  const all = which ? rates.bytes_handled : rates.packets_handled;
  if (!rates.layers) return which || all === null ? null : [0, 0, 0, 0, 0, 0, all];
  const of = (...names) => names.reduce((sum, name) => sum + (rates.layers.get(name)?.[which] ?? 0), 0);
  const parts = [of("TCP"), of("UDP"), of("ICMP", "ICMPv6")];
  const otherIp = Math.max(0, of("IP", "IPv6") - parts[0] - parts[1] - parts[2]);
  parts.push(otherIp, of("ARP"), of("other"), 0);
  return parts;
}
