/** What every emitted file keeps to, whatever the kernel: its length, its width, and that nothing in it is idle. */
import { describe, expect, it } from 'vitest'
import { FAMILIES, findFamily, formsOf } from '../kernels/index.ts'
import { type Kernel, splitOf, whyNotShared } from '../nki/index.ts'
import { DIALECTS, type EmitOptions, emitPython } from './index.ts'

const KERNELS = FAMILIES.flatMap(formsOf).map((kernel) => [kernel.name, kernel] as const)

/** Every text that differs by more than numbers: dialects, whole blocks, cores, words of the schedule, activations. */
function textsOf(kernel: Kernel): [label: string, text: string][] {
  const dims = kernel.dims.filter((dim) => dim !== '1')
  const words = { ...kernel.choices, ...kernel.options }
  const variants = [
    {},
    ...Object.entries(words).flatMap(([name, all]) => all.map((word) => ({ [name]: word }))),
  ]
  const tuned = { tunedFor: 'M = 4096, K = 4096, r = 2048, N = 14336 in bfloat16 on trn2' }
  return variants.flatMap((variant) => {
    const entries = Object.entries(variant)
    const program = kernel.trace(
      Object.fromEntries(entries.filter(([name]) => Object.hasOwn(kernel.choices, name))),
      Object.fromEntries(entries.filter(([name]) => Object.hasOwn(kernel.options, name))),
    )
    const options: EmitOptions[] = DIALECTS.flatMap((dialect) => [
      { dialect, target: 'trn2', ...tuned },
      { dialect, target: 'trn2', ...tuned, aligned: dims },
    ])
    const { dim } = program.output.p
    if (whyNotShared(program, dim) === null)
      options.push({ dialect: 'current', target: 'trn2', ...tuned, cores: splitOf(program, 2, dim) })
    return options.map((o): [string, string] => [
      JSON.stringify({ ...variant, ...o }),
      emitPython(program, o),
    ])
  })
}

describe.each(KERNELS)('%s', (_, kernel) => {
  const texts = textsOf(kernel)

  it('is a file of fewer than 300 lines of at most 100 columns', () => {
    for (const [label, text] of texts) {
      const lines = text.split('\n')
      expect(lines.length, label).toBeLessThan(300)
      expect(lines.filter((line) => line.length > 100, label)).toEqual([])
    }
  })

  it('assigns and defines nothing that it does not use', () => {
    for (const [label, text] of texts) {
      const code = text.replace(/"""[\s\S]*?"""/g, '')
      const names = [...code.matchAll(/^\s*(?:def (\w+)|(\w+) =|for (\w+) in)/gm)].map(
        (m) => m[1] ?? m[2] ?? m[3]!,
      )
      const idle = names.filter(
        (name) =>
          name !== kernel.name && name !== '_' && code.match(new RegExp(`\\b${name}\\b`, 'g'))!.length < 2,
      )
      expect(idle, label).toEqual([])
    }
  })

  it('keeps to the Python that NKI documents', () => {
    const words = /\b(lambda|is|while|with|try|class|yield|global)\b/
    for (const [label, text] of texts) {
      const code = text.replace(/"""[\s\S]*?"""|"[^"\n]*"|#.*/g, '')
      expect(code.match(words), label).toBeNull()
      // a loop is a statement, not a comprehension
      expect(code.match(/^(?! *for ).*\bfor\b.*$/m), label).toBeNull()
      expect(code.match(/def \w+\([^)]*\*/), label).toBeNull()
    }
  })

  it('names no two things by number', () => {
    for (const [label, text] of texts) expect(text.match(/\b[a-z]\w*_[2-9]\b/g) ?? [], label).toEqual([])
  })
})

it('writes the degree of buffering that a schedule gives as the number of buffers used in turn', () => {
  const { general } = findFamily('matmul_fully_optimized')
  const text = (buffers: number | string) =>
    emitPython(general.trace({ buffers }), { dialect: 'current', target: 'trn2' })
  expect(text('auto')).toBe(text(2).replace(/^.*\(buffers = 2\)\.\n/m, ''))
  expect(text(3)).toContain('(buffers = 3)')
  expect(text(3)).toContain('% 3]')
  expect(text(1)).not.toContain('% 2]')
})
