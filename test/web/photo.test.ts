import { describe, expect, it } from 'vitest';
import { pickPhoto, refusal } from '../../src/web/photo.js';

const file = (name: string, type: string, bytes = 3) => new File([new Uint8Array(bytes)], name, { type });

describe('pickPhoto', () => {
  it('takes the first image among other files', () => {
    const photo = file('cat.jpg', 'image/jpeg');
    expect(pickPhoto([file('notes.txt', 'text/plain'), photo, file('b.png', 'image/png')])).toBe(photo);
  });

  it('takes a file of no known type, for the server to judge', () => {
    const photo = file('IMG_1', '');
    expect(pickPhoto([photo])).toBe(photo);
  });

  it('finds nothing in nothing', () => {
    expect(pickPhoto([])).toBeNull();
  });
});

describe('refusal', () => {
  it('keeps what cannot be a photo from being sent', () => {
    expect(refusal(file('cat.jpg', 'image/jpeg', 0))?.title).toContain('empty');
    expect(refusal(file('cat.mp4', 'video/mp4'))?.title).toContain('not a photo');
  });

  it('leaves everything else to the server, which goes by content', () => {
    expect(refusal(file('cat.jpg', 'image/jpeg'))).toBeNull();
    expect(refusal(file('cat.heic', ''))).toBeNull();
    expect(refusal(file('cat.txt', 'text/plain'))).toBeNull();
  });
});
