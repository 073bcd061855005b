/**
 * Compiles the native engine for AArch64 and runs the conformance table on its NEON (and plain) kernels under emulation.
 * Needs a cross-compiler and QEMU's user-mode emulator (Debian: g++-aarch64-linux-gnu, qemu-user-static). On AArch64
 * itself `npm test` does the same without emulation.
 *
 *     npm run emulate
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { weightsOf } from '../dist/engine/backend.js'
import { CASES, caseName } from '../dist/engine/conformance/cases.js'
import { problem, valuesOf } from '../dist/engine/conformance/oracle.js'
import { linearSpec, lowRankMlpSpec, lowRankSpec } from '../dist/engine/validate.js'
import { compare } from '../dist/tensor/index.js'

const COMPILER = 'aarch64-linux-gnu-g++'
const EMULATOR = 'qemu-aarch64-static'
const root = fileURLToPath(new URL('..', import.meta.url))

function compile() {
  const program = join(root, 'build/aarch64/replay')
  mkdirSync(join(root, 'build/aarch64'), { recursive: true })
  const engine = readdirSync(join(root, 'native/src'))
    .filter((file) => file.endsWith('.cc') && file !== 'addon.cc' && !file.startsWith('isa-avx'))
    .map((file) => join('native/src', file))
  const flags = ['-std=c++17', '-O3', '-static', '-pthread', '-fno-math-errno', '-fno-trapping-math']
  const files = ['-Inative/src', 'native/test/replay.cc', ...engine]
  execFileSync(COMPILER, [...flags, ...files, '-o', program], { cwd: root, stdio: 'inherit' })
  return program
}

// What the engine would be told, as the numbers that native/test/replay.cc reads.
const KINDS = ['linear', 'lowRank', 'lowRankMlp']
const ACTIVATIONS = ['none', 'silu', 'gelu', 'relu']
const recorder = { linear: linearSpec, lowRank: lowRankSpec, lowRankMlp: lowRankMlpSpec }

const numbers = (...values) => Buffer.from(BigInt64Array.from(values, BigInt).buffer)
const bytesOf = (array) => Buffer.from(array.buffer, array.byteOffset, array.byteLength)
const block = (array) => Buffer.concat([numbers(array.byteLength), bytesOf(array)])
const isBfloat16 = (array) => (array instanceof Uint16Array ? 1 : 0)

function call(spec, x, rows) {
  const weights = weightsOf(spec)
  return Buffer.concat([
    numbers(
      KINDS.indexOf(spec.kind),
      spec.dtype === 'bfloat16' ? 1 : 0,
      ACTIVATIONS.indexOf(spec.activation),
    ),
    numbers(isBfloat16(x), rows),
    block(spec.bias ?? new Float32Array(0)),
    numbers(weights.length),
    ...weights.flatMap(({ data, offset, shape, strides }) => [
      numbers(isBfloat16(data), ...shape, ...strides),
      block(data.subarray(offset)),
    ]),
    block(x),
  ])
}

function check(program, instructionSet, threads) {
  const problems = CASES.map((c) => problem(c))
  const input = Buffer.concat(problems.map((p, i) => call(p.layer(recorder), p.x, CASES[i].rows)))
  const output = execFileSync(EMULATOR, [program, instructionSet, String(threads)], {
    input,
    maxBuffer: 2 ** 30,
  })
  const failures = []
  let offset = 0
  for (const [i, c] of CASES.entries()) {
    const { expected, tolerance } = problems[i]
    const Kind = c.io === 'bfloat16' ? Uint16Array : Float32Array
    const y = new Kind(expected.length)
    const bytes = bytesOf(y)
    output.copy(bytes, 0, offset, offset + bytes.length)
    offset += bytes.length
    const { relativeError, mismatchedNaN } = compare(valuesOf(y), expected)
    if (mismatchedNaN > 0 || !(relativeError <= tolerance))
      failures.push(`${caseName(c)}: relative error ${relativeError}, allowed ${tolerance}`)
  }
  if (offset !== output.length) failures.push(`${output.length} bytes came back, ${offset} were expected`)
  for (const failure of failures) console.error(failure)
  console.log(
    `${instructionSet}, ${threads} threads: ${CASES.length} cases, ${failures.length} failures, under emulation.`,
  )
  return failures.length === 0
}

try {
  const program = compile()
  for (const instructionSet of ['neon', 'plain'])
    for (const threads of [1, 3]) if (!check(program, instructionSet, threads)) process.exitCode = 1
} catch (error) {
  const missing = error.code === 'ENOENT' ? ` ${COMPILER} and ${EMULATOR} are needed.` : ''
  console.error(`emulate: ${error.message.split('\n')[0]}.${missing}`)
  process.exitCode = 1
}
