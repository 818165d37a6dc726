import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { sceneJpeg } from '../helpers/images.js';
import { identification } from '../web/answers.js';
import { KEY } from './helpers/app.js';
import { open } from './helpers/browser.js';
import { CHELSEA, choose, give, overflow, reaches } from './helpers/steps.js';
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
    expect(await page.locator('.batch-result bdi').allTextContents()).toEqual(['Round thing', 'Round thing']);
    expect(await page.locator('[data-decision=problem]').textContent()).toContain('not a picture');
    expect(await overflow(page)).toBe(0);
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
      .poll(() => page.locator('.batch-result bdi').allTextContents())
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

  it.each(['Save as a picture', 'Share as a link'])(
    'says that the browser cannot draw a picture: %s',
    async (name) => {
      const { page, complaints } = await ask();
      await page.evaluate(() => {
        HTMLCanvasElement.prototype.toBlob = (take) => take(null);
      });
      await page.getByRole('button', { name }).click();
      await page.getByRole('alert').getByText('This browser could not create').waitFor();
      expect(complaints).toEqual([]);
    },
  );

  it('stays with the collection that was chosen before the list arrived', async () => {
    const { page } = await ask();
    await page.evaluate(() => localStorage.setItem('pawdex.taught', 'empty'));
    let letGo = () => {};
    const held = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    await page.route('**/v1/collections', (route) => held.then(() => route.continue()));
    await page.getByRole('button', { name: 'That is right' }).click();
    const chooser = page.getByLabel('Add the photo to');
    await chooser.selectOption('album');
    letGo();
    await expect.poll(() => chooser.locator('option').count()).toBeGreaterThan(2);
    expect(await chooser.inputValue()).toBe('album');
  });

  it('shares the answer as a link that others open', async () => {
    const { page, complaints } = await ask();
    const headline = await page.locator('#answer h2').textContent();
    await page.getByRole('button', { name: 'Share as a link' }).click();
    const link = await page.getByLabel('Link to this answer').inputValue();
    expect(new URL(link).searchParams.get('shared')).toMatch(/^[\w-]{22}$/);
    const other = await open(stage.browser, link);
    expect(await reaches(other.page, 'answer')).toBe(headline);
    expect(await other.page.locator('#caption').textContent()).toContain('a shared answer, available until');
    await expect.poll(() => other.page.locator('.frame img').count()).toBe(6);
    const gone = await open(stage.browser, `${stage.app.url}/?shared=${'x'.repeat(22)}`);
    expect(await reaches(gone.page, 'problem')).toBe('This shared answer does not exist.');
    expect([...complaints, ...other.complaints, ...gone.complaints]).toEqual([]);
  });
});
