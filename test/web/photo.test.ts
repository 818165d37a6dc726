import { describe, expect, it } from 'vitest';
import { findProblem, pickPhotos } from '../../src/web/photo.js';

const file = (name: string, type: string, bytes = 3) => new File([new Uint8Array(bytes)], name, { type });

describe('picking photos from files', () => {
  it('takes the images among other files, recognising those without a type by name', () => {
    const photos = [file('cat.jpg', 'image/jpeg'), file('b.png', 'image/png'), file('c.HEIC', '')];
    expect(pickPhotos([file('notes.txt', 'text/plain'), ...photos, file('Thumbs.db', '')])).toEqual(photos);
  });

  it('takes a file of unknown type for the server to judge', () => {
    const photo = file('IMG_1', '');
    expect(pickPhotos([photo])).toEqual([photo]);
  });

  it('finds nothing in an empty list', () => {
    expect(pickPhotos([])).toEqual([]);
  });
});

describe('a chosen file', () => {
  it('is not sent if it cannot be a photo', () => {
    expect(findProblem(file('cat.jpg', 'image/jpeg', 0))?.title).toContain('empty');
    expect(findProblem(file('cat.mp4', 'video/mp4'))?.title).toContain('not a photo');
  });

  it('is not sent if it is too large for the server', () => {
    const photo = file('cat.jpg', 'image/jpeg', 2_000);
    const refused = findProblem(photo, 1_999);
    expect(refused).toMatchObject({
      code: 'payload_too_large',
      detail: 'The file is 2 kB; this server accepts up to 2 kB.',
    });
    expect(findProblem(photo, 2_000)).toBeNull();
  });

  it('is otherwise left to the server, which judges by content', () => {
    expect(findProblem(file('cat.jpg', 'image/jpeg'))).toBeNull();
    expect(findProblem(file('cat.heic', ''))).toBeNull();
    expect(findProblem(file('cat.txt', 'text/plain'))).toBeNull();
  });
});
