/**
 * Decides whether a network address belongs to the public internet. A server that fetched from other addresses on request
 * would give clients access to its machine and its local network. The ranges are those of the special-purpose address
 * registries (RFC 6890, https://www.iana.org/assignments).
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
/** The only public part of IPv6. IPv4 in disguise (`::ffff:10.0.0.1`, `64:ff9b::`) is outside of it. */
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
