/** Mistakes on the command line: one line on stderr that says what to do, nothing on stdout, exit code 2. */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { type Finished, neuronmm } from '../../test/command-line.ts'

const folder = mkdtempSync(join(tmpdir(), 'neuronmm-errors-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** One line, of words: no stack, no second message. */
function refused({ code, out, err }: Finished, message: RegExp | string): void {
  expect(err).toMatch(/^neuronmm: [^\n]+\n$/)
  expect(err).not.toMatch(/^\s+at |TypeError|undefined/m)
  expect(err).toMatch(message)
  expect(out).toBe('')
  expect(code).toBe(2)
}

const SHAPE = ['--shape', 'M=64,K=128,r=64,N=128']
/** Commands that take one kernel, with what else they need. */
const OF_A_KERNEL: [string, string[]][] = [
  ['run', SHAPE],
  ['print', []],
  ['profile', SHAPE],
  ['tune', SHAPE],
  ['roofline', SHAPE],
]

describe.each(OF_A_KERNEL)('%s', (command, needed) => {
  test('a kernel that is not there, with the one that was meant', async () => {
    refused(await neuronmm(command, 'fused_xvu', ...needed), 'no kernel fused_xvu; did you mean fused_xuv?')
    refused(await neuronmm(command, 'Fused-XUV', ...needed), 'did you mean fused_xuv?')
    refused(await neuronmm(command, 'softmax', ...needed), 'no kernel softmax; neuronmm kernels lists them')
  })

  test('an option that is not there', async () => {
    refused(
      await neuronmm(command, 'fused_xuv', ...needed, '--shap', 'M=1'),
      "unknown option '--shap' (Did you mean --shape?)",
    )
    refused(await neuronmm(command, 'fused_xuv', ...needed, '--frobnicate'), "unknown option '--frobnicate'")
  })

  test.each([
    ['M', 'shape: "M" is not NAME=VALUE'],
    ['', /shape: "" is not NAME=VALUE|argument missing/],
    ['M=64 K=128', 'shape: "M=64 K=128" is not NAME=VALUE'],
    ['M=64,,K=128', 'shape: "" is not NAME=VALUE'],
    ['M=64,M=65', 'shape: M is given twice'],
    ['M=0,K=128,r=64,N=128', 'M=0 is not a size'],
    ['M=-64,K=128,r=64,N=128', 'M=-64 is not a size'],
    ['M=1.5,K=128,r=64,N=128', 'M=1.5 is not a size'],
    ['M=NaN,K=128,r=64,N=128', 'M=NaN is not a size'],
    ['M=Infinity,K=128,r=64,N=128', 'M=Infinity is not a size'],
    ['M=1e3,K=128,r=64,N=128', 'M=1e3 is not a size'],
    ['M=99999999999999999999,K=128,r=64,N=128', 'too large; sizes go to 1073741824'],
    ['M=1073741825,K=128,r=64,N=128', 'too large; sizes go to 1073741824'],
    ['M=64,K=128,r=64', 'dimension N is missing'],
    ['M=64,K=128,r=64,N=128,Q=5', /dimension Q/],
  ])('--shape %s', async (shape, message) => {
    refused(await neuronmm(command, 'fused_xuv', '--shape', shape), message)
  })

  test('a schedule that is not there, or does not fit the language', async () => {
    const schedule = (text: string) => neuronmm(command, 'fused_xuv', ...SHAPE, '--schedule', text)
    if (command === 'tune') return refused(await schedule('seed'), "unknown option '--schedule'")
    refused(await schedule('fastest'), 'no schedule fastest')
    refused(await schedule('zBlock=512'), 'no schedule entry zBlock')
    refused(await schedule('toString'), 'no schedule toString')
    refused(await schedule('constructor=512'), 'no schedule entry constructor')
    refused(await schedule('mStrip=0'), /mStrip|m_strip/)
    refused(await schedule('mStrip=-5'), /mStrip|m_strip/)
    refused(await schedule('mStrip=1.5'), /mStrip|m_strip/)
    refused(await schedule('mTile=4096,mStrip=4096'), /4096|512/)
    refused(await schedule('accumulate=int7'), 'accumulate')
  })

  test('an activation that the kernel does not have', async () => {
    refused(await neuronmm(command, 'fused_xuv', ...SHAPE, '--activation', 'swish9'), /activation|swish9/)
  })

  if (command !== 'print')
    test('a dtype and a target that are not there', async () => {
      refused(await neuronmm(command, 'fused_xuv', ...SHAPE, '--dtype', 'float12'), 'no dtype float12')
      const target = await neuronmm(command, 'fused_xuv', ...SHAPE, '--target', 'trn9')
      refused(
        target,
        command === 'run' ? "unknown option '--target'" : 'Allowed choices are trn1, trn2, trn3',
      )
    })
})

describe.each(['run', 'profile', 'tune'])('%s', (command) => {
  test('without a kernel, or without a shape', async () => {
    refused(await neuronmm(command, ...SHAPE), "missing required argument 'kernel'")
    refused(
      await neuronmm(command, 'fused_xuv'),
      'fused_xuv: dimension M is missing; give --shape M=…,K=…,r=…,N=…',
    )
    refused(await neuronmm(command, 'fused_xuv', '--shape'), "option '--shape <dims>' argument missing")
  })

  test('with more than one kernel', async () => {
    refused(await neuronmm(command, 'fused_xuv', 'fused_mlp', ...SHAPE), 'too many arguments')
  })
})

describe('sizes that are allowed and still too much are refused at once', () => {
  const HUGE = 'M=1073741824,K=1073741824,r=1073741824,N=1073741824'
  test.each([
    ['profile', /instructions at this shape, a profile takes at most/],
    ['roofline', /instructions at this shape, a profile takes at most/],
    ['run', /more than can be allocated/],
  ])('%s', async (command, message) => {
    refused(await neuronmm(command, 'fused_xuv', '--shape', HUGE), message)
  })
})

test('a command that is not there', async () => {
  refused(await neuronmm('profle', 'fused_xuv'), "unknown command 'profle' (Did you mean profile?)")
})

describe('files that cannot be written are refused before the work', () => {
  const missing = join(folder, 'not', 'there')
  const file = join(folder, 'a-file')
  writeFileSync(file, '')

  test.each([
    ['in a folder that is not there', join(missing, 'out.json'), 'there is no folder'],
    ['a folder', folder, 'is a folder; give the name of a file'],
    ['under a file', join(file, 'out.json'), 'there is no folder'],
  ])('profile --trace %s', async (_, path, message) => {
    refused(await neuronmm('profile', 'fused_xuv', ...SHAPE, '--trace', path), message)
  })

  test('roofline -o, and a format that there is not', async () => {
    refused(
      await neuronmm('roofline', 'fused_xuv', ...SHAPE, '-o', join(missing, 'a.svg')),
      'there is no folder',
    )
    for (const name of ['a.pdf', 'a', '.svg'])
      refused(
        await neuronmm('roofline', 'fused_xuv', ...SHAPE, '-o', join(folder, name)),
        'written as .svg or .png',
      )
  })

  test('bench --output', async () => {
    refused(await neuronmm('bench', '--output', file), `${file}`)
    refused(await neuronmm('bench', '--output', join(file, 'figures')), 'no folder can be made there')
    // nothing is left behind by work that comes to nothing
    const output = join(folder, 'new', 'figures')
    refused(await neuronmm('bench', '--output', output, '--dtype', 'int8'), 'multiplies floating point only')
    expect(existsSync(join(folder, 'new'))).toBe(false)
  })

  test('-, whatever option takes a file or a folder', async () => {
    const { out: commands } = await neuronmm('--help')
    const written: string[] = []
    for (const [, command] of commands.matchAll(/^ {2}(\w+) .*\[options\]/gm)) {
      const { out: help } = await neuronmm(command!, '--help')
      for (const [, option] of help.matchAll(/^ {2}.*(--\w+) <(?:file|folder|path)>/gm)) {
        refused(await neuronmm(command!, 'fused_xuv', option!, '-'), /<\w+>: - is not taken for stdout/)
        written.push(`${command} ${option}`)
      }
    }
    expect(written).toEqual([
      'profile --trace',
      'roofline --output',
      'bench --output',
      'bench --save',
      'emit --output',
    ])
  })

  test.skipIf(process.getuid?.() === 0)('a folder without permission', async () => {
    const locked = join(folder, 'locked')
    mkdirSync(locked)
    chmodSync(locked, 0o500)
    refused(
      await neuronmm('profile', 'fused_xuv', ...SHAPE, '--trace', join(locked, 'out.json')),
      'cannot be written to',
    )
  })
})

describe('diff', () => {
  const write = (name: string, text: string): string => {
    const path = join(folder, name)
    writeFileSync(path, text)
    return path
  }

  test.each([
    ['nothing', ''],
    ['not JSON', 'hello'],
    ['bytes', '\u0000\u0001\uFFFD'],
    ['an array', '[]'],
    ['null', 'null'],
    ['another object', '{"a": 1}'],
    [
      'metrics of text',
      '{"kernel":"k","target":"trn1","dtype":"x","shape":{},"schedule":{},"metrics":{"total_time":"1"}}',
    ],
    ['half a file', '{"kernel":"fused_xuv","target":"trn1","shape":{"M":1'],
    ['no metrics', '{"kernel":"k","target":"trn1","dtype":"x","shape":{},"schedule":{},"metrics":null}'],
  ])('a file with %s', async (name, text) => {
    const path = write(`${name.replaceAll(' ', '-')}.json`, text)
    refused(
      await neuronmm('diff', path, 'fused_xuv', ...SHAPE),
      'is not a profile; make one with neuronmm profile',
    )
  })

  test('neither kernel nor file', async () => {
    refused(
      await neuronmm('diff', 'fused_xvu', 'fused_xuv', ...SHAPE),
      'neither a kernel nor a file that can be read; did you mean fused_xuv?',
    )
    refused(await neuronmm('diff', folder, 'fused_xuv', ...SHAPE), 'neither a kernel nor a file')
    refused(await neuronmm('diff', 'fused_xuv'), "missing required argument 'b'")
  })

  test.each([
    ['fused_xuv:', 'a schedule is missing'],
    ['fused_xuv@trn9', '@trn9 is neither a shape such as @M=64 nor one of trn1, trn2, trn3'],
    ['fused_xuv@trn1@trn2', 'one shape and one target at most'],
    ['fused_xuv@M=0', 'M=0 is not a size'],
    ['fused_xuv@Q=4', 'no dimension Q'],
    ['fused_xuv:seeds', 'no schedule seeds'],
  ])('the spec %s', async (spec, message) => {
    refused(await neuronmm('diff', spec, 'fused_xuv', ...SHAPE), message)
  })

  test('a shape that no side takes', async () => {
    refused(
      await neuronmm('diff', 'fused_xuv', 'fused_xuv', '--shape', 'M=64,K=128,r=64,N=128,Q=1'),
      'none of fused_xuv, fused_xuv has a dimension Q',
    )
    refused(await neuronmm('diff', 'fused_xuv', 'fused_xuv'), 'dimension M is missing')
  })
})

test('bench refuses kernels and dimensions that it does not know', async () => {
  refused(await neuronmm('bench', '--kernels', 'fused_xuvv'), 'did you mean fused_xuv?')
  refused(await neuronmm('bench', '--shape', 'Q=3'), 'no dimension Q')
  refused(await neuronmm('bench', '--target', 'trn9'), 'Allowed choices are')
})
