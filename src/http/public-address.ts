/**
 * Whether an address on the network is one of the public internet. What is not is that of this machine, of its network, or
 * reserved: a server that fetched from there on request would lend its place in the network to whoever asks. The ranges
 * are those of the registries of special-purpose addresses (RFC 6890, https://www.iana.org/assignments).
 */
import { BlockList, isIP } from 'node:net';

const RESERVED_4: [net: string, prefix: number][] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
];
/** The only part of IPv6 that is given to the public; IPv4 in other clothes (`::ffff:10.0.0.1`, `64:ff9b::`) lies outside. */
const GLOBAL_6: [net: string, prefix: number][] = [['2000::', 3]];
const RESERVED_6: [net: string, prefix: number][] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
];

function createList(family: 'ipv4' | 'ipv6', nets: [net: string, prefix: number][]): BlockList {
  const list = new BlockList();
  for (const [net, prefix] of nets) {
    list.addSubnet(net, prefix, family);
  }
  return list;
}

const reserved4 = createList('ipv4', RESERVED_4);
const global6 = createList('ipv6', GLOBAL_6);
const reserved6 = createList('ipv6', RESERVED_6);

/** @param address an IPv4 or IPv6 address; anything else is not public */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 4) {
    return !reserved4.check(address, 'ipv4');
  }
  return family === 6 && global6.check(address, 'ipv6') && !reserved6.check(address, 'ipv6');
}
