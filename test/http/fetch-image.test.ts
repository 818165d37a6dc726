import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fetchImage, isPublicAddress } from '../../src/http/fetch-image.js';
import { sceneJpeg } from '../helpers/images.js';

describe('isPublicAddress', () => {
  it.each(['8.8.8.8', '93.184.215.14', '172.32.0.1', '2606:4700::6810:84e5'])('accepts %s', (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });

  it.each([
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '127.0.0.1',
    '127.255.255.254',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:10.0.0.1',
    '::ffff:7f00:1',
    '192.0.0.1',
    '192.0.2.1',
    '203.0.113.1',
    '64:ff9b::a00:1',
    '64:ff9b:1::a00:1',
    'fc00::1',
    'fd12::1',
    'fe80::1',
    'fe80::1%lo',
    'ff02::1',
    '::10.0.0.1',
    '4000::1',
    '5f00::1',
    '2001::1',
    '2001:20::1',
    '2001:db8::1',
    '3fff::1',
    '2002:7f00:1::',
    'localhost',
    '',
  ])('refuses the address `%s`', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });
});

describe('a picture at a URL', () => {
  let server: Server;
  let base: string;
  let photo: Buffer;
  const answers: Record<string, RequestListener> = {
    '/photo.jpg': (_req, res) => res.end(photo),
    '/moved': (_req, res) => res.writeHead(302, { location: '/photo.jpg' }).end(),
    '/loop': (_req, res) => res.writeHead(302, { location: '/loop' }).end(),
    '/inside': (_req, res) => res.writeHead(302, { location: 'http://169.254.169.254/latest' }).end(),
    '/file': (_req, res) => res.writeHead(302, { location: 'file:///etc/passwd' }).end(),
    '/words': (_req, res) => res.end('<html>'),
    '/slow': (_req, res) => res.write('a'),
    '/endless': (_req, res) => {
      const more = () => res.write(Buffer.alloc(65_536), () => res.destroyed || more());
      more();
    },
  };
  const options = {
    maxBytes: 1_000_000,
    isAllowed: (address: string) => address === '127.0.0.1' || address === '::1',
  };

  beforeAll(async () => {
    photo = await sceneJpeg();
    server = createServer((req, res) => {
      const answer = answers[req.url!];
      return answer === undefined ? res.writeHead(404).end() : answer(req, res);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  it.each(['/photo.jpg', '/moved'])('is fetched from %s', async (path) => {
    expect(Buffer.from(await fetchImage(base + path, options)).equals(photo)).toBe(true);
  });

  it('is fetched by host name', async () => {
    const named = base.replace('127.0.0.1', 'localhost');
    expect((await fetchImage(`${named}/photo.jpg`, options)).length).toBe(photo.length);
  });

  it.each([
    ['a scheme of files', () => 'file:///etc/passwd'],
    ['no address at all', () => 'photo.jpg'],
    ['a password', () => base.replace('//', '//user:secret@')],
    ['a redirection to an address inside', () => `${base}/inside`],
    ['a redirection to a file', () => `${base}/file`],
  ])('is not fetched from %s', async (_what, url) => {
    await expect(fetchImage(url(), options)).rejects.toMatchObject({ code: 'url_not_allowed' });
  });

  it.each([
    ['this machine by number', (url: string) => url],
    ['this machine by name', (url: string) => url.replace('127.0.0.1', 'localhost')],
    ['this machine by a number in other clothes', (url: string) => url.replace('127.0.0.1', '2130706433')],
    ['this machine by IPv6', (url: string) => url.replace('127.0.0.1', '[::ffff:127.0.0.1]')],
  ])('is not fetched from %s, unless that is allowed', async (_what, change) => {
    const refused = fetchImage(change(`${base}/photo.jpg`), { maxBytes: 1e6 });
    await expect(refused).rejects.toMatchObject({ code: 'url_not_allowed' });
  });

  it.each(['/none', '/loop', '/words'])('is not found at %s', async (path) => {
    await expect(fetchImage(base + path, options)).rejects.toMatchObject({ code: 'url_unreachable' });
  });

  it('is refused while too many wait for slow servers', async () => {
    const ask = () => fetchImage(`${base}/slow`, { ...options, timeoutMs: 300 }).catch(({ code }) => code);
    const codes = await Promise.all(Array.from({ length: 20 }, ask));
    expect(codes.filter((code) => code === 'overloaded')).toHaveLength(8);
    expect(codes.filter((code) => code === 'url_unreachable')).toHaveLength(12);
    expect(await fetchImage(`${base}/photo.jpg`, options)).toEqual(photo);
  });

  it('is given up if it does not arrive in time or does not end', async () => {
    const slow = fetchImage(`${base}/slow`, { ...options, timeoutMs: 200 });
    await expect(slow).rejects.toMatchObject({ code: 'url_unreachable' });
    const endless = fetchImage(`${base}/endless`, options);
    await expect(endless).rejects.toMatchObject({ code: 'payload_too_large' });
  });
});
