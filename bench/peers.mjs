/**
 * Who is compared: this project in its forms, and its peers, each at its best setting and, where that differs, at its
 * defaults. A candidate is a command that speaks the protocol of serve.mjs.
 */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const beside = (name) => fileURLToPath(new URL(name, import.meta.url))

/** glibc then keeps freed memory, so that large outputs do not fault in every page anew. */
const KEEP_MEMORY = {
  MALLOC_MMAP_THRESHOLD_: '4294967296',
  MALLOC_TRIM_THRESHOLD_: '8589934592',
  MALLOC_TOP_PAD_: '268435456',
}

const settings = [
  { name: 'onnxruntime-node', options: { best: true }, env: KEEP_MEMORY },
  { name: 'onnxruntime-node', isDefault: true },
  { name: 'onnxruntime-web', options: { best: true } },
  { name: 'onnxruntime-web', isDefault: true },
  { name: 'tfjs-wasm' },
  { name: 'numpy', python: true, options: { reuse: true } },
  { name: 'numpy', python: true, isDefault: true },
  { name: 'torch', python: true },
  { name: 'torch', python: true, options: { dtype: 'bfloat16' }, dtype: 'bfloat16' },
]
export const PEERS = [...new Set(settings.map(({ name }) => name))]

/** What to start for the peers of these names: { name, label, dtype, isPeer, isDefault, command, args, env }. */
export function peers(names, node, python) {
  return settings
    .filter(({ name }) => names.includes(name))
    .map(({ name, options = {}, dtype = 'float32', isDefault = false, env, python: inPython = false }) => ({
      name,
      label: `${name}${dtype === 'float32' ? '' : ` ${dtype}`}${isDefault ? ', defaults' : ''}`,
      dtype,
      isPeer: true,
      isDefault,
      command: inPython ? python : node,
      args: [beside(inPython ? 'serve.py' : 'serve.mjs'), name, JSON.stringify(options)],
      env,
    }))
}

/** This project's layers; `unfused`: the products one after the other, with the same micro-kernel. */
const OWN = [
  { dtype: 'float32' },
  { dtype: 'float32', fused: false },
  { dtype: 'bfloat16' },
  { dtype: 'bfloat16', fused: false },
  { dtype: 'bfloat16', packing: 'plain' },
]

export function own(backend, node) {
  return OWN.map(({ dtype, fused = true, packing }) => ({
    name: 'neuronmm',
    label: `neuronmm ${dtype}${fused ? '' : ', unfused'}${packing ? `, ${packing}` : ''}`,
    dtype,
    fused,
    packing,
    isPeer: false,
    isDefault: false,
    command: node,
    args: [beside('serve.mjs'), 'neuronmm', JSON.stringify({ backend, dtype, fused, packing })],
  }))
}

/** A started candidate: `ask(request)` gives its answer, and rejects with what it says went wrong. */
export async function start({ command, args, env }) {
  const child = spawn(command, args, {
    stdio: ['pipe', 'pipe', process.env.NEURONMM_BENCH_DEBUG ? 'inherit' : 'ignore'],
    env: { ...process.env, ...env },
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const failed = new Promise((_, reject) => child.once('error', reject))
  failed.catch(() => {})
  async function next() {
    const { value, done } = await Promise.race([lines.next(), failed])
    if (done) throw new Error(`${command} ended`)
    const answer = JSON.parse(value)
    if (answer.error !== undefined) throw new Error(answer.error)
    return answer
  }
  await next()
  return {
    ask(request) {
      child.stdin.write(`${JSON.stringify(request)}\n`)
      return next()
    },
    stop: () => child.stdin.end(),
  }
}
