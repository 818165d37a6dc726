import { expect, it } from 'vitest';
import { byFolder } from '../../src/web/manage/add-photos.js';

/** A file as a folder field gives it. */
function inFolder(path: string, type = 'image/jpeg'): File {
  const file = new File(['x'], path.split('/').at(-1)!, { type });
  Object.defineProperty(file, 'webkitRelativePath', { value: path });
  return file;
}

it('takes the sub-folder that a photo lies in for its label', () => {
  const groups = byFolder([
    inFolder('pets/beagle/1.jpg'),
    inFolder('pets/beagle/2.png', 'image/png'),
    inFolder('pets/dogs/pug/3.jpg'),
    inFolder('pets/loose.jpg'),
  ]);
  expect(groups.map(({ label, files }) => [label, files.map(({ name }) => name)])).toEqual([
    ['beagle', ['1.jpg', '2.png']],
    ['pug', ['3.jpg']],
    [null, ['loose.jpg']],
  ]);
});

it('takes one name in two encodings for one label, and leaves out what is no photo of the set', () => {
  const groups = byFolder([
    inFolder('pets/caf\u00e9/1.jpg'),
    inFolder('pets/cafe\u0301/2.jpg'),
    inFolder('pets/pug/notes.txt', 'text/plain'),
    inFolder('pets/pug/.hidden.jpg'),
    inFolder('pets/@eaDir/thumb.jpg'),
    inFolder('pets/__MACOSX/1.jpg'),
  ]);
  expect(groups.map(({ label, files }) => [label, files.length])).toEqual([['caf\u00e9', 2]]);
});
