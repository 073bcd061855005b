/** Which frames of a stack are the kernel's: this folder's own are skipped, as source and as compiled files. */
import { describe, expect, test } from 'vitest'
import { userFrames } from './site.ts'

const here = new URL('.', import.meta.url).pathname.replace(/\/$/, '')
const stack = (...frames: string[]): string =>
  ['Error', ...frames.map((frame) => `    at ${frame}`)].join('\n')
const language = (file: string): string => `Trace.append (${here}/${file}:10:5)`

describe('userFrames', () => {
  test('a kernel called by the language', () => {
    const text = stack(
      language('issue.ts'),
      'Object.trace (/home/me/kernels.ts:45:7)',
      language('kernel.ts'),
      'main (/home/me/main.ts:3:1)',
    )
    expect(userFrames(text)).toBe('kernels.ts:45')
  })

  test('a library function in between', () => {
    const text = stack(
      language('issue.ts'),
      'load (/home/me/lib.ts:16:3)',
      'half (/home/me/lib.ts:30:3)',
      'Object.trace (/home/me/kernels.ts:45:7)',
      language('kernel.ts'),
    )
    expect(userFrames(text)).toBe('kernels.ts:45, in lib.ts:16')
  })

  test('a routine in between, which the language calls', () => {
    const text = stack(
      language('issue.ts'),
      '/home/me/lib.ts:16:3',
      language('trace.ts'),
      language('language.ts'),
      language('routine.ts'),
      'half (/home/me/lib.ts:30:3)',
      'Object.trace (/home/me/kernels.ts:45:7)',
      language('kernel.ts'),
      'main (/home/me/main.ts:3:1)',
    )
    expect(userFrames(text)).toBe('kernels.ts:45, in lib.ts:16')
  })

  test('without a name of a function, with a URL, with a query', () => {
    expect(userFrames(stack(language('a.ts'), '/home/me/kernels.ts:4:7', language('kernel.ts')))).toBe(
      'kernels.ts:4',
    )
    expect(userFrames(stack(`file://${here}/a.ts:1:1`, 'file:///home/me/kernels.js:4:7'))).toBe(
      'kernels.js:4',
    )
    expect(userFrames(stack(language('a.ts'), 'trace (/home/me/kernels.ts?t=123:4:7)'))).toBe('kernels.ts:4')
    expect(userFrames(stack(language('a.ts'), 'async trace (/home/me/kernels.ts:4:7)'))).toBe('kernels.ts:4')
  })

  test('folders with spaces and brackets in their names', () => {
    const frames = [
      'Object.trace (/home/my work (new)/kernels.ts:45:7)',
      'file:///home/my%20work/kernels.ts:45:7',
    ]
    for (const frame of frames) expect(userFrames(stack(language('a.ts'), frame))).toBe('kernels.ts:45')
  })

  test('outside of a trace, only the line that did it', () => {
    const text = stack(
      language('trace.ts'),
      'late (/home/me/kernels.ts:5:1)',
      'run (/home/me/runner.ts:900:1)',
    )
    expect(userFrames(text)).toBe('kernels.ts:5')
  })

  test('a stack without the frames of anyone', () => {
    expect(userFrames(stack(language('a.ts')))).toBe('unknown place')
    expect(userFrames('')).toBe('unknown place')
  })
})
