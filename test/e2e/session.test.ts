import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import type { Identification } from '../../src/engine/engine.js';
import { sceneJpeg } from '../helpers/images.js';
import { identification } from '../web/answers.js';
import { KEY } from './helpers/app.js';
import { barriers } from './helpers/barriers.js';
import { open } from './helpers/browser.js';
import { CHELSEA, choose, give, reaches } from './helpers/steps.js';
import { describeInBrowser } from './helpers/suite.js';

const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
const DARK_PHONE = { ...PHONE, colorScheme: 'dark' } as const;

describeInBrowser('the photos of a session', (stage) => {
  const scene = async (seed: number) => stage.file(`scene-${seed}.jpg`, await sceneJpeg(320, 240, seed));
  const album = () => `${stage.app.url}/?collection=album`;

  it.each([
    ['a desktop', {}],
    ['a dark phone', DARK_PHONE],
  ])('are answered as a list if several are dropped, on %s', async (_where, options) => {
    const { page, complaints } = await open(stage.browser, album(), options);
    await give(page, 'drop', await scene(1), await scene(5), await stage.file('words.png', 'words'));
    await page.getByRole('heading', { name: '3 photos' }).waitFor();
    await page.locator('.batch').getByText('2 of 3 answered, 1 without an answer').waitFor();
    expect(await page.locator('.batch-words bdi').allTextContents()).toEqual(['Round thing', 'Round thing']);
    expect(await page.locator('[data-decision=problem]').textContent()).toContain('not a picture');
    expect(await barriers(page)).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(
      0,
    );
    await page.getByRole('button', { name: /scene-5\.jpg/ }).click();
    expect(await reaches(page, 'answer')).toBe('Round thing');
    expect(await page.locator('#caption').textContent()).toContain('scene-5.jpg');
    await page.goBack();
    await page.getByRole('heading', { name: '3 photos' }).waitFor();
    await page.goForward();
    await reaches(page, 'answer');
    expect(complaints).toEqual([]);
  });

  it('continue as a list after the key was entered, by keyboard alone', async () => {
    const { page, complaints } = await open(stage.browser, `${stage.app.guarded}/?collection=album`);
    await page.getByLabel('API key', { exact: true }).waitFor();
    await give(page, 'drop', await scene(1), await scene(2));
    await page
      .locator('.batch')
      .getByText(/without an answer/)
      .waitFor();
    await page.getByLabel('API key', { exact: true }).fill(KEY);
    await page.keyboard.press('Enter');
    await page.locator('.batch').getByText('2 of 2 answered').waitFor();
    await page.getByRole('button', { name: /scene-2\.jpg/ }).focus();
    await page.keyboard.press('Enter');
    await reaches(page, 'answer');
    expect(await page.locator('#caption').textContent()).toContain('scene-2.jpg');
    expect(complaints).toEqual([]);
  });

  it('are reached with Back and Forward, each with its answer and collection', async () => {
    const { page, complaints } = await open(stage.browser, album());
    await choose(page, await scene(1));
    expect(await reaches(page, 'answer')).toBe('Round thing');
    await choose(page, await scene(6));
    await page.locator('#caption', { hasText: 'scene-6.jpg' }).waitFor();
    await page.getByText('This exact photo is already in “album”, as Square thing.').waitFor();
    await page.goBack();
    await page.locator('#caption', { hasText: 'scene-1.jpg' }).waitFor();
    await page.getByText('This exact photo is already in “album”, as Round thing.').waitFor();
    await page.goBack();
    await page.locator('main[data-state=start]').waitFor();
    await page.goForward();
    await reaches(page, 'answer');
    await page.getByRole('link', { name: 'Collections' }).click();
    await page.getByRole('heading', { name: 'Collections' }).waitFor();
    await page.goBack();
    expect(await reaches(page, 'answer')).toBe('Round thing');
    await page
      .locator('.session')
      .getByRole('button', { name: /scene-6/ })
      .click();
    await page.locator('#caption', { hasText: 'scene-6.jpg' }).waitFor();
    expect(await barriers(page)).toEqual([]);
    await page.reload();
    expect(await page.locator('main').getAttribute('data-state')).toBe('start');
    expect(complaints).toEqual([]);
  });

  it('are asked again in the selected collection, and Back leads to the earlier answers', async () => {
    const { page, complaints } = await open(stage.browser, album());
    const chosen = page.locator('#collection');
    await choose(page, await scene(1));
    expect(await reaches(page, 'answer')).toBe('Round thing');
    await chosen.selectOption('empty');
    await page.getByRole('heading', { name: 'Nothing to compare with' }).waitFor();
    await page.goBack();
    await page.getByRole('heading', { name: 'Round thing' }).waitFor();
    expect(await chosen.inputValue()).toBe('album');
    await give(page, 'drop', await scene(1), await scene(2));
    await page.locator('.batch').getByText('2 of 2 answered').waitFor();
    await chosen.selectOption('empty');
    await expect
      .poll(() => page.locator('.batch-words bdi').allTextContents())
      .toEqual(['Nothing to compare with', 'Nothing to compare with']);
    // A photo of before is shown with the collection that it was asked in.
    await page
      .locator('.session')
      .getByRole('button', { name: /Round thing/ })
      .first()
      .click();
    await page.getByRole('heading', { name: 'Round thing' }).waitFor();
    expect(await chosen.inputValue()).toBe('album');
    expect(complaints).toEqual([]);
  });

  it('are shown again when the next one is given up, and leave no dialog behind', async () => {
    const { page, complaints } = await open(stage.browser, album());
    await choose(page, await scene(1));
    expect(await reaches(page, 'answer')).toBe('Round thing');
    await page.route('**/v1/identify*', () => {});
    await choose(page, await scene(6));
    await reaches(page, 'working');
    await page.keyboard.press('Escape');
    expect(await reaches(page, 'answer')).toBe('Round thing');
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('choose');
    await page.locator('button.frame').first().click();
    await page.getByRole('dialog').waitFor();
    await page.goBack();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(complaints).toEqual([]);
  });

  it('are reported as already in the collection', async () => {
    const { page } = await open(stage.browser, album());
    await choose(page, await scene(1));
    await reaches(page, 'answer');
    await page.getByText('This exact photo is already in “album”, as Round thing.').waitFor();
  });
});

/** What the page asks for, by its parameter `region`. */
async function askedRegion(page: Page, act: () => Promise<void>): Promise<number[] | null> {
  const asked = page.waitForRequest('**/v1/identify*');
  await act();
  const region = new URL((await asked).url()).searchParams.get('region');
  return region?.split(',').map(Number) ?? null;
}

describeInBrowser('a part of the photo', (stage) => {
  it('is asked about when its frame is released, by mouse and by keyboard', async () => {
    const { page, complaints } = await open(stage.browser, stage.app.url);
    await choose(page, CHELSEA);
    await reaches(page, 'answer');
    await page.getByRole('button', { name: 'Choose a part' }).click();
    const corner = page.getByRole('button', { name: 'Upper left corner' });
    const box = (await corner.boundingBox())!;
    const [x, y] = [box.x + 10, box.y + 10];
    await page.mouse.move(x, y);
    await page.mouse.down();
    await page.mouse.move(x + 40, y + 30, { steps: 3 });
    const first = await askedRegion(page, () => page.mouse.up());
    expect(first).not.toBeNull();
    await reaches(page, 'answer');
    expect(await barriers(page)).toEqual([]);
    await page.getByRole('button', { name: 'Lower right corner' }).focus();
    const second = await askedRegion(page, () => page.keyboard.press('ArrowLeft'));
    expect(second![0]).toBeCloseTo(first![0]!, 5);
    expect(second![2]).toBeCloseTo(first![2]! - 0.02, 5);
    await reaches(page, 'answer');
    expect(await page.evaluate(() => document.activeElement?.className)).toBe('crop-corner');
    expect(
      await askedRegion(page, () => page.getByRole('button', { name: 'Whole photo' }).click()),
    ).toBeNull();
    await reaches(page, 'answer');
    expect(complaints).toEqual([]);
  });

  it('is selected by touch', async () => {
    const { page } = await open(stage.browser, stage.app.url, PHONE);
    const answered = page.waitForResponse('**/v1/identify*');
    await choose(page, CHELSEA);
    await reaches(page, 'answer');
    const looked = ((await (await answered).json()) as Identification).region;
    await page.getByRole('button', { name: 'Choose a part' }).tap();
    const frame = page.locator('.crop-move');
    await frame.scrollIntoViewIfNeeded();
    const box = (await frame.boundingBox())!;
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    // There is room on one side, whichever end of the photo the answer was about.
    const by = looked.left > 0.1 ? -20 : 20;
    const touch = await page.context().newCDPSession(page);
    const at = (dx: number) => ({ touchPoints: [{ x: x + dx, y }] });
    await touch.send('Input.dispatchTouchEvent', { type: 'touchStart', ...at(0) });
    await touch.send('Input.dispatchTouchEvent', { type: 'touchMove', ...at(by / 2) });
    await touch.send('Input.dispatchTouchEvent', { type: 'touchMove', ...at(by) });
    const region = await askedRegion(page, async () => {
      await touch.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
    });
    expect(region![0]! - looked.left).toBeCloseTo((by / box.width) * looked.width, 2);
  });

  it('is offered for each animal if different parts show different ones', async () => {
    const { page } = await open(stage.browser, stage.app.url);
    const left = { left: 0, top: 0, width: 0.5, height: 1 };
    const animals = [
      { breed: 'siamese', confidence: 0.97, region: { ...left, left: 0.5 } },
      { breed: 'pug', confidence: 0.9, region: left },
    ];
    const both = identification('match', { siamese: 3 }, { animals });
    await page.route('**/v1/identify*', (route) => route.fulfill({ json: both }));
    await choose(page, CHELSEA);
    await reaches(page, 'answer');
    await page.getByRole('heading', { name: 'More than one animal?' }).waitFor();
    const region = await askedRegion(page, () => page.getByRole('button', { name: 'Pug, 90%' }).click());
    expect(region).toEqual([0, 0, 0.5, 1]);
  });
});

describeInBrowser('what can be done with an answer', (stage) => {
  const ask = async (options = {}) => {
    const opened = await open(stage.browser, `${stage.app.url}/?collection=album`, options);
    await choose(opened.page, await stage.file('scene.jpg', await sceneJpeg(320, 240, 2)));
    await reaches(opened.page, 'answer');
    return opened;
  };

  it('refines its neighbours by "more like this" and "not like this"', async () => {
    const { page, complaints } = await ask();
    const searched = page.waitForRequest('**/v1/search');
    await page.getByRole('button', { name: 'Not like this Round thing' }).nth(1).click();
    const query = (await searched).postDataJSON() as { positives: unknown[]; negatives: string[] };
    expect(query.positives).toHaveLength(1);
    expect(query.negatives).toHaveLength(1);
    await page.getByRole('heading', { name: /your marks/ }).waitFor();
    expect(await page.locator('.tile').count()).toBe(5);
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('neighbours-title');
    await page
      .getByRole('button', { name: /^More like this Square/ })
      .first()
      .click();
    await expect.poll(() => page.locator('.chip').count()).toBe(2);
    expect(await barriers(page)).toEqual([]);
    await page.locator('.chip').first().click();
    await expect.poll(() => page.locator('.chip').count()).toBe(1);
    await page.getByRole('button', { name: 'Start over' }).click();
    await expect.poll(() => page.locator('.tile').count()).toBe(6);
    expect(complaints).toEqual([]);
  });

  it('saves the answer as a picture', async () => {
    const { page } = await ask();
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Save as a picture' }).click();
    const file = await download;
    expect(file.suggestedFilename()).toBe('scene-pawdex.png');
    const bytes = await readFile(await file.path());
    expect(bytes.subarray(1, 4).toString()).toBe('PNG');
    expect([bytes.readUInt32BE(16), bytes.readUInt32BE(20)]).toEqual([1200, 630]);
  });

  it('shares the answer as a link that others open', async () => {
    const { page, complaints } = await ask();
    const headline = await page.locator('#answer h2').textContent();
    await page.getByRole('button', { name: 'Share as a link' }).click();
    const link = await page.getByLabel('Link to this answer').inputValue();
    expect(new URL(link).searchParams.get('shared')).toMatch(/^[\w-]{22}$/);
    expect(await barriers(page)).toEqual([]);
    const other = await open(stage.browser, link);
    expect(await reaches(other.page, 'answer')).toBe(headline);
    expect(await other.page.locator('#caption').textContent()).toContain('a shared answer, available until');
    await expect.poll(() => other.page.locator('.frame img').count()).toBe(6);
    const gone = await open(stage.browser, `${stage.app.url}/?shared=${'x'.repeat(22)}`);
    expect(await reaches(gone.page, 'problem')).toBe('There is no such shared answer.');
    expect([...complaints, ...other.complaints, ...gone.complaints]).toEqual([]);
  });

  it('adds the photo to a collection under the label that the user enters', async () => {
    const { page, complaints } = await open(stage.browser, `${stage.app.url}/?collection=album`);
    const photo = await stage.file('new.jpg', await sceneJpeg(320, 240, 77));
    await choose(page, photo);
    await reaches(page, 'answer');
    await page.getByRole('button', { name: /it is …/ }).click();
    await page.getByLabel('Label').fill('Square thing');
    await page.getByLabel('Add the photo to').selectOption('empty');
    expect(await barriers(page)).toEqual([]);
    await page.getByRole('button', { name: 'Add the photo' }).click();
    await page.getByText('Added to “empty” as Square thing.').waitFor();
    const listed = await fetch(`${stage.app.url}/v1/collections/empty/items`);
    const { items } = (await listed.json()) as { items: { id: string; label: string; source: string }[] };
    expect(items.map(({ label, source }) => [label, source])).toEqual([['square_thing', 'new.jpg']]);
    await fetch(`${stage.app.url}/v1/collections/empty/items/${items[0]!.id}`, { method: 'DELETE' });
    expect(complaints).toEqual([]);
  });

  it('offers "that is right" if a breed was named', async () => {
    const { page } = await ask(DARK_PHONE);
    const answer = (await page.locator('#answer h2').textContent())!;
    await page.getByRole('button', { name: 'That is right' }).click();
    expect(await page.getByLabel('Label').inputValue()).toBe(answer);
    await page.getByRole('button', { name: 'Add the photo' }).click();
    await page.getByText(/is already in “album”; its label was not changed/).waitFor();
  });
});
