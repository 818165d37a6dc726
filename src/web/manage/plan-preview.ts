/** Shows what adding a folder would do: labels with counts, warnings, and the rule that names the labels. */
import type { LabelList } from '../../client/wire.js';
import { button, type Child, el, fill } from '../dom.js';
import { formatCount, formatFileSize, formatLabel, formatNumber } from '../format.js';
import { texts } from '../texts/texts.js';
import { getFileLimit } from './manage-calls.js';
import type { Listing } from './photo-entries.js';
import { type Plan, planLabels, RULES, type Rule } from './plan-labels.js';

/** Maximum number of labels listed; the others are counted. */
const MAX_LABELS = 200;

export interface PreviewInput {
  listing: Listing;
  labels: LabelList['labels'];
  rule: Rule;
  /** The common label of loose photos. */
  single: string | null;
  /** Called with the confirmed plan. */
  onStart: (plan: Plan, rule: Rule) => void;
  onCancel: () => void;
}

/** The warnings, one sentence each. */
function listWarnings(
  { photos, labels, splits, similar, tooLarge }: Plan,
  { listing }: PreviewInput,
): string[] {
  const t = texts.manage.preview;
  const unlabelled = labels.find(({ label }) => label === null)?.count ?? 0;
  const lonely = labels.filter(({ label, count: n }) => label !== null && n === 1).length;
  return [
    ...(splits.length > 0 ? [t.splits(splits)] : []),
    ...(unlabelled > 0 && unlabelled < photos.length ? [t.unlabelled(formatCount(unlabelled, 'photo'))] : []),
    ...(unlabelled > 0 && unlabelled === photos.length ? [t.noLabels] : []),
    ...similar.slice(0, 5).map(([a, b]) => t.similar(a, b)),
    ...(lonely > 0 ? [t.lonely(lonely)] : []),
    ...(tooLarge.length > 0 ? [t.tooLarge(tooLarge.length, formatFileSize(getFileLimit()))] : []),
    ...listing.manifests.filter((path) => !path.includes('/')).map(t.manifest),
    ...(listing.others > 0 ? [t.others(listing.others)] : []),
    ...(listing.unreadable > 0 ? [t.unreadable(listing.unreadable)] : []),
    ...(listing.hidden > 0 ? [t.hidden(listing.hidden)] : []),
  ];
}

function labelRows(labels: Plan['labels']): Child[] {
  const more = labels.length - MAX_LABELS;
  return [
    labels
      .slice(0, MAX_LABELS)
      .map(({ label, count: n }) =>
        el('li', el('bdi', formatLabel(label)), el('span.value', formatNumber(n))),
      ),
    more > 0 && el('li', texts.manage.preview.more(more)),
  ];
}

/** The preview of a folder or zip; changing the rule changes the plan. */
export function planPreview(input: PreviewInput): HTMLElement {
  const t = texts.manage.preview;
  const { listing, labels, single, onStart, onCancel } = input;
  const known = labels.flatMap(({ label }) => label ?? []);
  const place = el('div');
  const show = () => {
    const rule = rules.value as Rule;
    const plan = planLabels(listing.photos, { rule, single, known, limit: getFileLimit() });
    const named = plan.labels.filter(({ label }) => label !== null).length;
    const warnings = listWarnings(plan, input).map((warning) => el('li', warning));
    const photos = formatCount(plan.photos.length, 'photo');
    fill(
      place,
      el(
        'p',
        { role: 'status' },
        t.summary(listing.name, photos, named === 0 ? null : formatCount(named, 'label')),
      ),
      warnings.length > 0 && el('ul.warnings', warnings),
      el('ul.breed-list.preview-labels', labelRows(plan.labels)),
      el(
        'p.actions',
        plan.photos.length > 0 && button(texts.manage.add.title, 'primary', () => onStart(plan, rule)),
        button(texts.cancel, 'plain', onCancel),
      ),
    );
  };
  const options = RULES.map((rule) => el('option', { value: rule }, t.rules[rule]));
  const rules = el('select', { id: 'label-rule', onchange: show }, options);
  rules.value = input.rule;
  show();
  const hasFolders = listing.photos.some(({ path }) => path.includes('/'));
  return el('div.preview-plan', hasFolders && [el('label', { for: 'label-rule' }, t.rule), rules], place);
}
