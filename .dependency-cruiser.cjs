/** Imports point downwards only; the order is that of docs/architecture.md. */
const LAYERS = [
  'cli',
  'http',
  'client',
  'training',
  'jobs',
  'indexing',
  'engine',
  ['breeds', 'evaluation'],
  'store',
  'encoder',
  'onnx',
  'datasets',
  'image',
  'projection',
  'threads',
  'wasm',
  'files',
  'math',
];

/** The client's types are those of the endpoints' schemas; it loads none of the server's code. */
const typesOnly = (layer) => (layer === 'client' ? { dependencyTypesNot: ['type-only'] } : {});

/** Files that the browser application is built with, too. */
const SHARED_WITH_BROWSERS =
  '(breeds/same-picture|client/parse-problem|datasets/set-names|math/group-by|projection/label-colours|image/(heat-colours|regions))\\.ts$';

const pathOf = (layer) => `^src/(${[layer].flat().join('|')})/`;

/** One rule per layer: it must not import from a layer above it. */
const downwards = LAYERS.slice(1).map((layer, i) => ({
  name: `downwards-only-${[layer].flat().join('-')}`,
  comment: 'Move the shared part down, or pass it in as an argument.',
  severity: 'error',
  from: { path: pathOf(layer) },
  to: {
    path: LAYERS.slice(0, i + 1)
      .map(pathOf)
      .join('|'),
    ...typesOnly(layer),
  },
}));

module.exports = {
  forbidden: [
    ...downwards,
    {
      name: 'siblings-apart',
      comment: 'breeds/ and evaluation/ share a layer: evaluation may judge the vote, but not the reverse.',
      severity: 'error',
      from: { path: '^src/breeds/' },
      to: { path: '^src/evaluation/' },
    },
    {
      name: 'errors-and-config-are-the-ground',
      comment: 'Everything may import them, so they import nothing.',
      severity: 'error',
      from: { path: '^src/((errors|config|describe-issue|native-modules)\\.ts$|error-codes/)' },
      to: { path: '^src/', pathNot: '^src/((errors|describe-issue)\\.ts$|error-codes/)' },
    },
    {
      name: 'every-folder-has-its-layer',
      comment: 'A new folder in src/ needs a place in the order above.',
      severity: 'error',
      from: {
        path: '^src/',
        pathNot: [
          `^src/(${LAYERS.flat().join('|')}|web|error-codes)/`,
          '^src/(errors|config|describe-issue|native-modules)\\.ts$',
        ],
      },
      to: {},
    },
    {
      name: 'web-takes-types-only',
      comment:
        'The browser application shares types with the server, but no code except files that import nothing browsers lack.',
      severity: 'error',
      from: { path: '^src/web/' },
      to: { path: `^src/(?!web/|${SHARED_WITH_BROWSERS})`, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'shared-files-run-in-a-browser',
      comment: 'The page is built with them, so they import nothing else.',
      severity: 'error',
      from: { path: `^src/${SHARED_WITH_BROWSERS}` },
      to: { pathNot: `^src/${SHARED_WITH_BROWSERS}` },
    },
    {
      name: 'nobody-imports-web',
      severity: 'error',
      from: { path: '^src/(?!web/)' },
      to: { path: '^src/web/' },
    },
    {
      name: 'no-circular',
      comment:
        'Merge files that import each other, even if only for types, or move the shared part to a third file.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'not-to-unresolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'not-to-dev-dependency',
      comment: 'Shipped code must not need development dependencies.',
      severity: 'error',
      from: { path: '^src/' },
      to: {
        dependencyTypes: ['npm-dev'],
        dependencyTypesNot: ['type-only'],
        pathNot: ['node_modules/@types/', 'node_modules/pino-pretty/'],
      },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'types', 'default'],
    },
  },
};
