/** Shows the report of an evaluation within the page. */
import { call } from '../api.js';
import { el } from '../dom.js';
import { texts } from '../texts/texts.js';

/**
 * Shows the report in a frame without scripts and without this page's origin. The frame gets the text rather than the URL,
 * because it could not send an API key.
 *
 * @throws Problem job_not_found, report_not_found
 */
export async function showReport(job: string, place: HTMLElement): Promise<void> {
  const t = texts.manage.quality;
  const answer = await call(`v1/jobs/${encodeURIComponent(job)}/report`);
  const url = URL.createObjectURL(new Blob([await answer.text()], { type: 'text/html;charset=utf-8' }));
  const frame = el('iframe.report.surface', { sandbox: '', title: t.report, src: url });
  place.replaceChildren(
    el('p', el('a.button.plain', { href: url, download: 'pawdex-report.html' }, t.download)),
    frame,
  );
  frame.focus();
}
