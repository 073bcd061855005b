/**
 * Builds the native engine: compiles native/src with the C++ compiler that is there, against the headers beside the
 * running Node (or those of the package node-api-headers), into build/neuronmm.node. Nothing is downloaded. Where it
 * cannot be built the install goes on and the WebAssembly engine is used; one line says what happened either way.
 *
 *     node scripts/build-native.mjs [--strict] [--sanitize] [--target TRIPLE] [--out FILE]
 *
 * --strict fails instead of going on. --sanitize adds the address and undefined-behaviour sanitizers. --target compiles
 * with TRIPLE-g++ for another machine. CXX names the compiler.
 */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'

const run = promisify(execFile)
const require = createRequire(import.meta.url)
const root = fileURLToPath(new URL('..', import.meta.url))
const sources = join(root, 'native/src')

const avx512 = [
  '-mavx512f',
  '-mavx512bw',
  '-mavx512dq',
  '-mavx512vl',
  '-mavx2',
  '-mfma',
  '-mprefer-vector-width=512',
]
/** Files with code for one instruction set: the machine they are for and their flags. Other files are for all. */
const instructionSets = {
  'isa-avx512-bf16.cc': { arch: 'x64', flags: [...avx512, '-mavx512bf16'] },
  'isa-avx512.cc': { arch: 'x64', flags: avx512 },
  'isa-avx2.cc': { arch: 'x64', flags: ['-mavx2', '-mfma'] },
  'isa-neon.cc': { arch: 'arm64', flags: [] },
}

const { values: options } = parseArgs({
  options: {
    strict: { type: 'boolean', default: false },
    sanitize: { type: 'boolean', default: false },
    target: { type: 'string' },
    out: { type: 'string', default: join(root, 'build/neuronmm.node') },
  },
})
const arch = options.target ? (options.target.startsWith('aarch64') ? 'arm64' : 'x64') : process.arch

function includeFolders() {
  const besideNode = join(dirname(dirname(process.execPath)), 'include/node')
  const node = existsSync(join(besideNode, 'node_api.h'))
    ? besideNode
    : join(dirname(require.resolve('node-api-headers/package.json')), 'include')
  return [node, dirname(require.resolve('node-addon-api/package.json'))]
}

async function compiler() {
  const names = options.target
    ? [`${options.target}-g++`]
    : [process.env.CXX, 'c++', 'g++', 'clang++'].filter(Boolean)
  for (const name of names) {
    try {
      const { stdout } = await run(name, ['--version'])
      return { name, version: stdout.split('\n')[0] }
    } catch {}
  }
  throw new Error(`no C++ compiler (tried ${names.join(', ')})`)
}

const sanitizers = options.sanitize
  ? ['-fsanitize=address,undefined', '-fno-sanitize-recover=all', '-fno-omit-frame-pointer', '-g', '-O1']
  : []

function compileFlags(file, includes) {
  return [
    '-std=c++17',
    '-O3',
    ...sanitizers,
    '-fPIC',
    '-fvisibility=hidden',
    '-pthread',
    '-Wall',
    '-Wextra',
    // GCC 12 warns about its own AVX-512 headers (its bug 105593).
    '-Wno-uninitialized',
    '-Wno-maybe-uninitialized',
    // Neither errno nor traps are looked at: lets loops with comparisons vectorise, changes no result.
    '-fno-math-errno',
    '-fno-trapping-math',
    '-DNAPI_VERSION=8',
    '-DNODE_ADDON_API_CPP_EXCEPTIONS',
    ...includes.flatMap((folder) => ['-isystem', folder]),
    ...(instructionSets[file]?.flags ?? []),
  ]
}

async function build() {
  if (!['linux', 'darwin'].includes(process.platform)) throw new Error(`no build for ${process.platform} yet`)
  if (!['x64', 'arm64'].includes(arch)) throw new Error(`no build for ${arch} yet`)
  const { name, version } = await compiler()
  const includes = includeFolders()
  const files = readdirSync(sources).filter(
    (f) => f.endsWith('.cc') && (instructionSets[f]?.arch ?? arch) === arch,
  )

  const hash = createHash('sha256').update([version, process.version, arch, ...includes].join('\n'))
  for (const f of readdirSync(sources).sort()) hash.update(f).update(readFileSync(join(sources, f)))
  for (const f of files) hash.update(compileFlags(f, includes).join(' '))
  const stamp = `${options.out}.sha256`
  const digest = hash.digest('hex')
  if (existsSync(options.out) && existsSync(stamp) && readFileSync(stamp, 'utf8') === digest)
    return 'up to date'

  // Built aside and renamed, so that a process which loads it meanwhile sees the old or the new one, whole.
  const aside = join(dirname(options.out), `building-${process.pid}`)
  mkdirSync(aside, { recursive: true })
  try {
    const objects = files.map((f) => join(aside, `${basename(f, '.cc')}.o`))
    const waiting = files.map((f, i) => [
      ...compileFlags(f, includes),
      '-c',
      join(sources, f),
      '-o',
      objects[i],
    ])
    const work = async () => {
      for (let args = waiting.shift(); args; args = waiting.shift()) await run(name, args)
    }
    await Promise.all(Array.from({ length: availableParallelism() }, work))
    const binary = join(aside, 'neuronmm.node')
    const shared = process.platform === 'darwin' ? ['-bundle', '-undefined', 'dynamic_lookup'] : ['-shared']
    await run(name, [...shared, '-pthread', ...sanitizers, ...objects, '-o', binary])
    renameSync(binary, options.out)
    writeFileSync(stamp, digest)
  } finally {
    rmSync(aside, { recursive: true, force: true })
  }
  return `built with ${version}`
}

try {
  console.log(`neuronmm: native engine ${await build()}.`)
} catch (error) {
  const reason = String(error.stderr || error.message)
    .trim()
    .split('\n')
    .find((line) => /error|no /.test(line))
  console.log(`neuronmm: native engine not built (${reason ?? error.message}); WebAssembly is used instead.`)
  if (options.strict) process.exitCode = 1
}
