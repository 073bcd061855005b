/**
 * Runs the conformance table of the native engine under the address and undefined-behaviour sanitizers.
 *
 *     npm run sanitize
 */
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const addon = fileURLToPath(new URL('../build/sanitize/neuronmm.node', import.meta.url))
const inherit = { stdio: 'inherit', cwd: fileURLToPath(new URL('..', import.meta.url)) }
execFileSync(
  process.execPath,
  ['scripts/build-native.mjs', '--strict', '--sanitize', '--out', addon],
  inherit,
)
// The sanitizer's runtime must be the first library of the process; Node itself leaks by its standards.
const runtime = (name) =>
  execFileSync('g++', [`-print-file-name=${name}`])
    .toString()
    .trim()
execFileSync(
  'npx',
  [
    'vitest',
    'run',
    'src/engine/conformance',
    'src/engine/native/compact.test.ts',
    'src/engine/native/outbox.test.ts',
    '--pool=forks',
  ],
  {
    ...inherit,
    env: {
      ...process.env,
      NEURONMM_ADDON: addon,
      LD_PRELOAD: `${runtime('libasan.so')} ${runtime('libstdc++.so')}`,
      ASAN_OPTIONS: 'detect_leaks=0',
    },
  },
)
