import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { BlobWriter, Uint8ArrayReader, ZipWriter } from '@zip.js/zip.js/index-native.js';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Identification } from '../../src/engine/engine.js';
import { sceneJpeg } from '../helpers/images.js';
import { KEY } from './helpers/app.js';
import { open } from './helpers/browser.js';
import { chooseFiles, HANDS } from './helpers/hands.js';
import { CHELSEA, give, overflow, reaches } from './helpers/steps.js';
import { describeInBrowser } from './helpers/suite.js';

/** What is too small for a finger: less than 44 pixels wide or high. */
function smallTargets(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    // A photo's box is in its tile, a hidden radio button below its cover, and Swagger UI has its own sizes.
    const left = '.sr-only, .skip, .item input, .swagger-ui *';
    const targets = [...document.querySelectorAll('a[href], button, input, select, textarea, summary')];
    return targets
      .filter((node) => node.checkVisibility() && !node.matches(left))
      .map((node) => ({ node, box: node.getBoundingClientRect() }))
      .filter(({ box }) => box.width > 0 && Math.min(box.width, box.height) < 43.5)
      .map(
        ({ node, box }) =>
          `${Math.round(box.width)} x ${Math.round(box.height)}: ${node.outerHTML.slice(0, 90)}`,
      );
  });
}

/** Everything that users do. The other tests use a mouse. */
describe.each(Object.entries(HANDS))('with %s', (name, hand) => {
  describeInBrowser('a user', (stage) => {
    const { press } = hand;
    const scene = async (seed: number) => stage.file(`scene-${seed}.jpg`, await sceneJpeg(320, 240, seed));
    const look = async (address: string) => {
      const watched = await open(stage.browser, `${stage.app.url}/${address}`, hand.options);
      const fits = async () => {
        expect(await overflow(watched.page)).toBe(0);
        expect(name === 'touch' ? await smallTargets(watched.page) : []).toEqual([]);
        expect(watched.complaints).toEqual([]);
      };
      return { page: watched.page, fits };
    };
    const ask = async (page: Page, photo: string) => {
      // Until then, the answer before is shown.
      const answered = page.waitForResponse('**/v1/identify*');
      await chooseFiles(hand, page.locator('#choose'), photo);
      await answered;
      return reaches(page, 'answer');
    };
    const button = (page: Page, text: string | RegExp) => page.getByRole('button', { name: text });
    const api = async (path: string, init?: RequestInit) =>
      (await fetch(`${stage.app.url}/v1/${path}`, init)).json() as Promise<Record<string, unknown>>;
    const post = (json: object) => ({
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(json),
    });

    it('enlarges a similar photo, searches with it, and refines by marks', async () => {
      const { page, fits } = await look('?collection=album');
      expect(await ask(page, await scene(2))).toBe('Round thing');
      await press(button(page, /enlarge/).nth(1));
      const dialog = page.getByRole('dialog');
      await expect.poll(() => dialog.locator('.beside-pictures img').count()).toBe(2);
      expect(await dialog.textContent()).toMatch(/Similarity: [01]\.\d\d/);
      expect(await dialog.locator('.source').first().textContent()).toMatch(/^drawn\/\d\.jpg$/);
      await press(dialog.getByRole('button', { name: 'Find similar photos' }));
      await expect.poll(() => dialog.locator('.similar img').count()).toBe(5);
      await press(dialog.locator('.similar-item').first());
      await dialog.getByText('Similarity to the previous photo').waitFor();
      await press(dialog.getByRole('button', { name: 'Close' }));
      const searched = page.waitForRequest('**/v1/search');
      await press(button(page, 'Not like this Round thing').nth(1));
      const query = (await searched).postDataJSON() as { positives: unknown[]; negatives: string[] };
      expect([query.positives.length, query.negatives.length]).toEqual([1, 1]);
      await page.getByRole('heading', { name: /your marks/ }).waitFor();
      expect(await page.locator('.tile').count()).toBe(5);
      await press(button(page, /^More like this Square/).first());
      await expect.poll(() => page.locator('.chip').count()).toBe(2);
      await press(page.locator('.chip').first());
      await expect.poll(() => page.locator('.chip').count()).toBe(1);
      await press(button(page, 'Remove all marks'));
      await expect.poll(() => page.locator('.tile').count()).toBe(6);
      await fits();
    });

    it('reads what is known, asks about a part, and sees why', async () => {
      const { page, fits } = await look('');
      await press(page.locator('#breeds summary'));
      await page.getByLabel('Search breeds').fill('siam');
      await expect
        .poll(() => page.locator('.breed-list li:visible').allTextContents())
        .toEqual([expect.stringMatching(/^Siamese/)]);
      const answered = page.waitForResponse('**/v1/identify*');
      await ask(page, CHELSEA);
      const looked = ((await (await answered).json()) as Identification).region;
      await press(page.locator('.answer summary'));
      expect(await page.locator('.answer details p').isVisible()).toBe(true);
      await press(button(page, 'Choose a part'));
      const photoWidth = (await page.locator('.crop').boundingBox())!.width / looked.width;
      const asked = page.waitForRequest('**/v1/identify*');
      await hand.move(button(page, 'Lower right corner'), -40);
      const region = new URL((await asked).url()).searchParams.get('region')!.split(',').map(Number);
      // An arrow key moves it by a fiftieth of the photo.
      const share = name === 'keyboard' ? 0.02 : 40 / photoWidth;
      expect(region[0]).toBeCloseTo(looked.left, 2);
      expect(region[2]).toBeCloseTo(looked.width - share, 2);
      await reaches(page, 'answer');
      await press(button(page, 'Whole photo'));
      await reaches(page, 'answer');
      await press(button(page, 'Show why'));
      await page.locator('.why image').waitFor();
      const first = await page.locator('.why figcaption').textContent();
      if (name === 'keyboard') {
        await page.keyboard.press('Tab');
        await page.keyboard.press('ArrowDown');
      } else {
        await page
          .locator('.tile')
          .nth(1)
          .click({ position: { x: 8, y: 8 } });
      }
      await expect.poll(() => page.locator('.why figcaption').textContent()).not.toBe(first);
      await fits();
    });

    it('asks about several photos, goes back to them, saves and shares an answer', async () => {
      const { page, fits } = await look('?collection=album');
      await give(page, 'drop', await scene(1), await scene(6), await stage.file('words.png', 'words'));
      await page.locator('.batch').getByText('2 of 3 answered, 1 without an answer').waitFor();
      await press(button(page, /scene-6\.jpg/));
      expect(await reaches(page, 'answer')).not.toBe('');
      await page.getByText('This exact photo is already in “album”, as Square thing.').waitFor();
      await page.goBack();
      await page.getByRole('heading', { name: '3 photos' }).waitFor();
      await page.goForward();
      const headline = await reaches(page, 'answer');
      const download = page.waitForEvent('download');
      await press(button(page, 'Save as a picture'));
      expect((await download).suggestedFilename()).toBe('scene-6-pawdex.png');
      await press(button(page, 'Share as a link'));
      const link = await page.getByLabel('Link to this answer').inputValue();
      await fits();
      await page.goto(link);
      expect(await reaches(page, 'answer')).toBe(headline);
      expect(await page.locator('#caption').textContent()).toContain('a shared answer, available until');
      await fits();
    });

    it('creates a collection, fills it from a zip, relabels, merges, deletes, and deletes it', async () => {
      const made = `made-by-${name}`;
      const zip = new ZipWriter(new BlobWriter());
      for (const [i, path] of ['round/1.jpg', 'round/2.jpg', 'square/3.jpg'].entries()) {
        await zip.add(path, new Uint8ArrayReader(new Uint8Array(await sceneJpeg(160, 120, i + 1))));
      }
      const file = await stage.file('made.zip', new Uint8Array(await (await zip.close()).arrayBuffer()));
      const { page, fits } = await look('#/collections');
      await page.getByLabel('Name').fill(made);
      await press(button(page, 'Create'));
      await page.getByText('The collection is empty').waitFor();
      await chooseFiles(hand, button(page, 'Choose a zip'), file);
      await page.getByText('made.zip: 3 photos with 2 labels').waitFor();
      await press(button(page, 'Add photos'));
      await page.getByText('Done. 3 of 3 photos added.').waitFor();
      await press(button(page, 'Square 1'));
      await expect.poll(() => page.locator('.item:visible').count()).toBe(1);
      await page.getByLabel('New label').fill('round');
      await press(button(page, 'Rename or merge'));
      await button(page, 'Round 3').waitFor();
      await press(button(page, 'Undo'));
      await press(button(page, 'All photos 3'));
      await expect.poll(() => page.locator('.item:visible').count()).toBe(3);
      await press(page.locator('.item input').first());
      await page.getByText('1 photo selected', { exact: true }).waitFor();
      await page.getByLabel('New label').fill('oval');
      await press(button(page, 'Relabel'));
      await button(page, 'Oval 1').waitFor();
      await press(page.locator('.item input').first());
      await press(button(page, 'Delete'));
      await expect.poll(() => page.locator('.item:visible').count()).toBe(2);
      await press(button(page, 'Undo'));
      await expect.poll(() => page.locator('.item:visible').count()).toBe(3);
      await fits();
      await press(page.getByRole('link', { name: '← All collections' }));
      const row = page.locator('.collection', { hasText: made });
      await press(row.getByRole('button', { name: 'Delete' }));
      await page.getByRole('dialog').getByRole('textbox').fill(made);
      await press(page.getByRole('dialog').getByRole('button', { name: 'Delete collection' }));
      await row.waitFor({ state: 'detached' });
      await fits();
    });

    it('goes through duplicates, measures with a report, and looks for wrong labels', async () => {
      const { page, fits } = await look('#/collections/tie/duplicates');
      await page.getByText('3 pairs found').waitFor();
      await press(button(page, 'Keep both').first());
      await press(button(page, /^Delete this photo/).first());
      await expect.poll(() => page.locator('.pair').count()).toBe(1);
      await press(button(page, 'Undo'));
      await expect.poll(() => page.locator('.pair').count()).toBe(2);
      await page.goto(`${stage.app.url}/#/collections/album/quality`);
      await press(button(page, 'Evaluate'));
      await page.getByText('6 photos identified, each by the others').waitFor();
      await press(button(page, 'Open the report'));
      await page.frameLocator('iframe.report').getByRole('heading', { name: 'Evaluation' }).waitFor();
      await press(button(page, 'Calibrate'));
      await page.getByText(/Too few photos to calibrate/).waitFor();
      await press(button(page, 'Find wrong labels'));
      await page.getByText(/No label looks wrong|disagrees? with/).waitFor();
      await fits();
    });

    it('moves on a map, opens a photo there, and places another', async () => {
      const { page, fits } = await look('#/collections/album/map');
      await page.locator('.map-canvas').waitFor();
      await press(button(page, 'Zoom in'));
      await press(button(page, 'Show everything'));
      const legend = button(page, 'Round thing 4');
      await press(legend);
      expect(await legend.getAttribute('aria-pressed')).toBe('true');
      await press(legend);
      await chooseFiles(hand, button(page, 'Place a photo on the map'), await scene(1));
      await page.getByText('scene-1.jpg is at the double ring.').waitFor();
      await press(button(page, 'Show everything'));
      const canvas = page.locator('.map-canvas');
      if (name === 'keyboard') {
        await canvas.focus();
        const ways = ['ArrowLeft', 'ArrowUp', 'ArrowRight', 'ArrowRight', 'ArrowDown'];
        for (let i = 0; i < 30 && (await page.locator('.map-tip').isHidden()); i++) {
          await page.keyboard.press(ways[i % ways.length]!);
        }
        await page.keyboard.press('Enter');
      } else {
        const { x, y } = (await api('collections/album/map')) as { x: number[]; y: number[] };
        const box = (await canvas.boundingBox())!;
        const scale = 0.92 * Math.min(box.width, box.height);
        const position = { x: box.width / 2 + x[0]! * scale, y: box.height / 2 + y[0]! * scale };
        // A finger shows the photo first.
        for (let taps = name === 'touch' ? 2 : 1; taps > 0; taps--) {
          await (name === 'touch' ? canvas.tap({ position }) : canvas.click({ position }));
        }
      }
      await page.getByRole('dialog').getByText('drawn/').waitFor();
      await press(page.getByRole('dialog').getByRole('button', { name: 'Close' }));
      await fits();
    });

    it('adds a photo to a collection when its answer is marked right or wrong', async () => {
      await api('collections', post({ name: `taught-by-${name}` }));
      const { page, fits } = await look('?collection=album');
      await ask(page, await stage.file('new.jpg', await sceneJpeg(320, 240, 77)));
      await press(button(page, /it is …/));
      await page.getByLabel('Label').fill('Square thing');
      await page.getByLabel('Add the photo to').selectOption(`taught-by-${name}`);
      await press(button(page, 'Add the photo'));
      await page.getByText(`Added to “taught-by-${name}” as Square thing.`).waitFor();
      const { items } = (await api(`collections/taught-by-${name}/items`)) as {
        items: { label: string; source: string }[];
      };
      expect(items.map(({ label, source }) => [label, source])).toEqual([['square_thing', 'new.jpg']]);
      const headline = await ask(page, await scene(2));
      await press(button(page, 'That is right'));
      expect(await page.getByLabel('Label').inputValue()).toBe(headline);
      await page.getByLabel('Add the photo to').selectOption('album');
      await press(button(page, 'Add the photo'));
      await page.getByText(/is already in “album”; its label was not changed/).waitFor();
      await fits();
    });

    it('changes theme and language, opens the reference and comes back', async () => {
      const { page, fits } = await look('');
      const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      const before = await background();
      await press(button(page, 'Dark theme'));
      expect(await background()).not.toBe(before);
      await page.getByLabel('Language').selectOption('de');
      await page.getByRole('heading', { name: 'Welche Rasse ist das?' }).waitFor();
      await press(page.getByRole('link', { name: 'API-Referenz' }));
      await press(page.getByRole('link', { name: 'Errors' }));
      await press(page.getByRole('link', { name: '← pawdex' }));
      await page.getByRole('heading', { name: 'Welche Rasse ist das?' }).waitFor();
      await fits();
    });

    it('exports with a key, which the link does not carry', async () => {
      const { page, complaints } = await open(
        stage.browser,
        `${stage.app.guarded}/#/collections`,
        hand.options,
      );
      const key = page.getByLabel('API key', { exact: true });
      await key.fill(KEY);
      await page.keyboard.press('Enter');
      const row = page.locator('.collection', { hasText: 'album' });
      const download = page.waitForEvent('download');
      await press(row.getByRole('button', { name: 'Export' }));
      const file = await download;
      expect(file.suggestedFilename()).toBe('album.parquet');
      expect(file.url()).not.toContain(KEY);
      expect(await file.failure()).toBeNull();
      await expect.poll(() => row.getByRole('progressbar').count()).toBe(0);
      expect(complaints).toEqual([]);
    });

    it('is offered nothing that would change a read-only server', async () => {
      const { page, complaints } = await open(
        stage.browser,
        `${stage.app.readOnly}/?collection=album`,
        hand.options,
      );
      await ask(page, await scene(2));
      await button(page, 'Save as a picture').waitFor();
      const changing = button(page, /right|it is …|I know|Edit|Delete|Relabel|Create|Calibrate|Evaluate|Add/);
      expect(await changing.count()).toBe(0);
      for (const part of ['', '/album', '/album/quality', '/tie/duplicates', '/empty']) {
        await page.goto(`${stage.app.readOnly}/#/collections${part}`);
        await page.getByText('This server is read-only').waitFor();
        expect([part, await changing.count()]).toEqual([part, 0]);
      }
      await page.goto(`${stage.app.readOnly}/#/collections/album`);
      await press(page.locator('.item input').first());
      await page.getByRole('dialog').getByText('drawn/').waitFor();
      await press(page.getByRole('dialog').getByRole('button', { name: 'Close' }));
      await page.goto(`${stage.app.readOnly}/#/collections`);
      const download = page.waitForEvent('download');
      const row = page.locator('.collection', { hasText: 'album' });
      await press(row.getByRole('button', { name: 'Export' }));
      expect((await download).suggestedFilename()).toBe('album.parquet');
      expect(complaints).toEqual([]);
    });
  });
});

describeInBrowser('a photo named in the URL', (stage) => {
  let pictures: Server;
  let base: string;
  beforeAll(async () => {
    const photo = await sceneJpeg(320, 240, 2);
    pictures = createServer((req, res) => {
      if (req.url === '/moved') {
        res.writeHead(302, { location: '/cats/a.jpg' }).end();
      } else if (req.url === '/large') {
        res.end(Buffer.alloc(2 ** 20 + 1, photo));
      } else if (req.url === '/page') {
        res.end('<html>');
      } else {
        res.end(photo);
      }
    });
    await new Promise<void>((resolve) => pictures.listen(0, '127.0.0.1', resolve));
    base = `http://127.0.0.1:${(pictures.address() as AddressInfo).port}`;
  });
  afterAll(() => pictures.close());
  const ask = (server: string, path: string) =>
    open(stage.browser, `${server}/?collection=album&url=${encodeURIComponent(base + path)}`);

  it.each(['/cats/a.jpg', '/moved'])('is fetched by the server and answered: %s', async (path) => {
    const { page, complaints } = await ask(stage.app.readOnly, path);
    expect(await reaches(page, 'answer')).toBe('Round thing');
    expect(await page.locator('#caption').textContent()).toContain(path.split('/').at(-1));
    expect(new URL(page.url()).search).toBe('?collection=album');
    expect(complaints).toEqual([]);
  });

  it('is fetched when a picture of another page is dropped', async () => {
    const { page } = await open(stage.browser, `${stage.app.readOnly}/?collection=album`);
    await page.locator('#breeds summary').waitFor();
    await page.evaluate((link) => {
      const dataTransfer = new DataTransfer();
      dataTransfer.setData('text/uri-list', link);
      document.body.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
    }, `${base}/cats/a.jpg`);
    expect(await reaches(page, 'answer')).toBe('Round thing');
  });

  it.each([
    ['/large', 'too large'],
    ['/page', 'could not fetch'],
  ])('is refused with a reason: %s', async (path, words) => {
    const { page } = await ask(stage.app.readOnly, path);
    expect(await reaches(page, 'problem')).toContain(words);
  });

  it('is not fetched by a server that is not set to', async () => {
    const { page } = await ask(stage.app.url, '/cats/a.jpg');
    expect(await reaches(page, 'problem')).toContain('does not fetch photos from the web');
  });
});
