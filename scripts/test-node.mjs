/**
 * Runs the engine's tests, or its benchmark, on another version of Node than the one at hand. That Node comes from the npm
 * package `node` and is kept in .cache/; the native addon is the one built for this Node, since N-API is the same for all.
 *
 *     npm run test:node24                                  the tests of src/engine
 *     npm run test:node24 -- bench --backend wasm …        bench:host with all that follows (needs `npm run build`)
 *     node scripts/test-node.mjs 22                        another version
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const [major, task = 'test', ...rest] = process.argv.slice(2)
if (!/^\d+$/.test(major ?? '') || !['test', 'bench'].includes(task)) {
  console.error('test-node: use test-node.mjs MAJOR [test [VITEST ARGUMENTS] | bench [BENCH:HOST ARGUMENTS]]')
  process.exit(2)
}
const root = fileURLToPath(new URL('..', import.meta.url))
const folder = join(root, '.cache', `node-${major}`)
const node = join(folder, 'node_modules/node/bin/node')

if (!existsSync(node)) {
  mkdirSync(folder, { recursive: true })
  // Of its own, or npm would install into the project around it.
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n')
  spawnSync('npm', ['install', '--no-audit', '--no-fund', `node@${major}`], { cwd: folder, stdio: 'inherit' })
}
if (!existsSync(node)) {
  console.error(`test-node: npm did not install node@${major} for ${process.platform} ${process.arch}.`)
  process.exit(1)
}

const DESCRIBE = `
  const { createEngine } = await import('./dist/engine/index.js')
  for (const backend of ['native', 'wasm']) {
    try {
      const engine = await createEngine({ backend })
      console.log(process.version, 'with V8', process.versions.v8 + ':', backend, engine.info.instructionSet)
      engine.dispose()
    } catch (error) {
      console.log(process.version + ':', backend, 'does not work:', error.message)
    }
  }`
const run = (args) => spawnSync(node, args, { cwd: root, stdio: 'inherit' }).status ?? 1

if (!existsSync(join(root, 'dist/engine/index.js')))
  execFileSync('npm', ['run', 'build'], { cwd: root, stdio: 'inherit' })
run(['--input-type=module', '--eval', DESCRIBE])
process.exitCode =
  task === 'test'
    ? run(['node_modules/vitest/vitest.mjs', 'run', ...(rest.length > 0 ? rest : ['src/engine'])])
    : run(['bench/host.mjs', '--node', node, ...rest])
