/** What the commands do, from a program of one's own: node examples/library.mjs */
import { bind, DEVICES, emitPython, print, profile } from 'neuronmm'
import { checkEmitted, findPython } from 'neuronmm/execute'
import { scale } from './scale.mjs'

const program = scale.trace({ nBlock: 1024 }) // once, for every shape
console.log(print(program))

const { metrics } = profile(program, bind(program, { M: 1024, N: 4096 }, 'bfloat16'), DEVICES.trn2)
console.log(metrics.total_time, 'seconds', metrics.hbm_read_bytes, 'bytes read')

console.log(emitPython(program, { dialect: 'current' })) // NKI Python; or 'legacy'

const request = { kernel: scale, dims: { M: 200, N: 700 }, dtype: 'bfloat16', emit: [{ dialect: 'current' }] }
const python = findPython() // with numpy
if (python) for (const { ok, error } of await checkEmitted(python, [request])) console.log(ok, error)
