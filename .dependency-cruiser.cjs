/**
 * The layer rule of ARCHITECTURE.md: imports go down only, and a folder is entered through its index.ts.
 * `below` says, for each folder, the folders that it may import from.
 */
const below = {
  tensor: [],
  wasm: [],
  nki: ['tensor'],
  device: [],
  kernels: ['nki', 'device', 'tensor'],
  engine: ['tensor', 'wasm'],
  simulate: ['kernels', 'nki', 'device', 'engine', 'wasm', 'tensor'],
  emit: ['kernels', 'nki', 'device', 'tensor'],
  execute: ['emit', 'simulate', 'kernels', 'nki', 'device', 'tensor'],
  tune: ['simulate', 'kernels', 'nki', 'device', 'tensor'],
  report: ['tune', 'simulate', 'emit', 'kernels', 'nki', 'device', 'tensor'],
  measure: ['execute', 'simulate', 'emit', 'kernels', 'nki', 'device', 'tensor'],
  cli: [
    'measure',
    'report',
    'tune',
    'execute',
    'simulate',
    'emit',
    'engine',
    'kernels',
    'nki',
    'device',
    'tensor',
  ],
}
const folders = Object.keys(below)

module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      comment: 'types may refer to each other; code may not',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    { name: 'no-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    ...folders.map((folder) => ({
      name: `${folder}-imports-down`,
      severity: 'error',
      from: { path: `^src/${folder}/`, pathNot: '\\.test(-d)?\\.ts$' },
      to: { path: '^src/', pathNot: [folder, ...below[folder]].map((f) => `^src/${f}/`) },
    })),
    ...folders.map((folder) => ({
      name: `${folder}-through-its-index`,
      comment: 'a folder has one public face',
      severity: 'error',
      from: { path: '^src/', pathNot: [`^src/${folder}/`, '\\.test-d\\.ts$'] },
      to: { path: `^src/${folder}/`, pathNot: `^src/${folder}/index\\.ts$` },
    })),
    {
      name: 'not-to-tests',
      severity: 'error',
      from: { path: '^src/', pathNot: '\\.test\\.ts$' },
      to: { path: ['\\.test\\.ts$', '^test/', '^bench/'] },
    },
    {
      name: 'no-dev-dependencies-in-src',
      severity: 'error',
      from: { path: '^src/', pathNot: '\\.test\\.ts$' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { extensions: ['.ts', '.js', '.mjs', '.json'] },
  },
}
