/**
 * The documentation site: `npm run docs:build`. Its pages are the Markdown files of this folder, so that the same text
 * reads well in an editor, on a code host and here. Links to files that are not pages are shown as text.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { withMermaid } from 'vitepress-plugin-mermaid';

const docs = fileURLToPath(new URL('..', import.meta.url));

export default withMermaid({
  title: 'pawdex',
  description: 'Image similarity search for photos of cats and dogs',
  markdown: { config: (md) => md.core.ruler.push('source-links', checkSourceLinks) },
  themeConfig: {
    search: { provider: 'local' },
    sidebar: [
      {
        text: 'Guides',
        items: createItems({
          'guides/ask': 'Identify a photo',
          'guides/index-folders': 'Index your folders',
          'guides/train-your-own': 'Train on your own breeds',
          'guides/encoders': 'Use another encoder',
          'guides/reembed': 'Move to another encoder',
          'guides/back-up': 'Back up and restore',
          'guides/moving': 'Move to another machine',
          'guides/production': 'Run it in production',
          'guides/write-an-app': 'Write an app',
        }),
      },
      {
        text: 'Reference',
        items: createItems({
          cli: 'Command line',
          http: 'HTTP API',
          settings: 'Settings',
          errors: 'Error codes',
          parquet: 'Parquet files',
          security: 'Security',
          training: 'Training',
          glossary: 'Glossary',
        }),
      },
      {
        text: 'Explanation',
        items: createItems({
          architecture: 'Architecture',
          store: 'The store',
          encoder: 'The encoder',
          evaluation: 'How quality is measured',
          calibration: 'How far to trust an answer',
          'contrastive-learning': 'Contrastive learning',
          autodiff: 'Gradients of ONNX graphs',
          gpu: 'Training on a GPU',
        }),
      },
      {
        text: 'Measurements',
        items: createItems({
          benchmarks: 'Speed and memory',
          'measurements/overload': 'Overload and second looks',
          'measurements/views-and-looks': 'Views, second looks, label cleaning',
          'measurements/data-shapes': 'Recall by the shape of the data',
          'measurements/living-collections': 'A large collection in use',
          reliability: 'Reliability',
          'measurements/encoder': 'Threads and batches of the encoder',
          'measurements/training-cost': 'What a training step costs',
          'measurements/general-part': 'The general part',
          'measurements/web-photos': 'Training on web photos',
          'measurements/without-labels': 'Training without labels',
          'measurements/gpu': 'GPUs',
        }),
      },
    ],
  },
});

function createItems(pages) {
  return Object.entries(pages).map(([page, text]) => ({ text, link: `/${page}` }));
}

/** Removes links to files that are not pages, after checking that the files exist. */
function checkSourceLinks({ tokens, env }) {
  const folder = path.dirname(path.join(docs, env.relativePath));
  for (const token of tokens) {
    let depth = 0;
    token.children =
      token.children?.filter((child) => {
        if (child.type === 'link_open') {
          const href = child.attrGet('href');
          if (isFile(href)) {
            const file = path.join(folder, href.replace(/#.*$/, ''));
            if (!existsSync(file)) {
              throw new Error(`${env.relativePath} links to ${href}, which does not exist.`);
            }
            if (!isPage(file)) {
              depth++;
              return false;
            }
          }
        }
        if (child.type === 'link_close' && depth > 0) {
          depth--;
          return false;
        }
        return true;
      }) ?? null;
  }
}

function isFile(href) {
  return !/^(https?:|mailto:|#|\/)/.test(href);
}

function isPage(file) {
  return !path.relative(docs, file).startsWith('..') && file.endsWith('.md');
}
