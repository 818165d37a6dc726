import { describe, expect, it } from 'vitest';
import { pickPhotos, refusal } from '../../src/web/photo.js';

const file = (name: string, type: string, bytes = 3) => new File([new Uint8Array(bytes)], name, { type });

describe('pickPhotos', () => {
  it('takes the images among other files, those without a type by their name', () => {
    const photos = [file('cat.jpg', 'image/jpeg'), file('b.png', 'image/png'), file('c.HEIC', '')];
    expect(pickPhotos([file('notes.txt', 'text/plain'), ...photos, file('Thumbs.db', '')])).toEqual(photos);
  });

  it('takes a file of no known type, for the server to judge', () => {
    const photo = file('IMG_1', '');
    expect(pickPhotos([photo])).toEqual([photo]);
  });

  it('finds nothing in nothing', () => {
    expect(pickPhotos([])).toEqual([]);
  });
});

describe('refusal', () => {
  it('keeps what cannot be a photo from being sent', () => {
    expect(refusal(file('cat.jpg', 'image/jpeg', 0))?.title).toContain('empty');
    expect(refusal(file('cat.mp4', 'video/mp4'))?.title).toContain('not a photo');
  });

  it('keeps what is too large for the server from being sent', () => {
    const photo = file('cat.jpg', 'image/jpeg', 2_000);
    const refused = refusal(photo, 1_999);
    expect(refused).toMatchObject({
      code: 'payload_too_large',
      detail: 'It has 2 kB; the server accepts up to 2 kB.',
    });
    expect(refusal(photo, 2_000)).toBeNull();
  });

  it('leaves everything else to the server, which goes by content', () => {
    expect(refusal(file('cat.jpg', 'image/jpeg'))).toBeNull();
    expect(refusal(file('cat.heic', ''))).toBeNull();
    expect(refusal(file('cat.txt', 'text/plain'))).toBeNull();
  });
});
