/** What the compiler refuses in TypeScript is said in one line in JavaScript. */
import { describe, expect, test } from 'vitest'
import { refusalOf } from '../../test/refusal.ts'
import { kernel } from './index.ts'

const COMPLETE = {
  name: 'k',
  summary: 'Y = X',
  inputs: { x: ['M', 'N'] },
  output: ['M', 'N'],
  schedule: { nBlock: 512 },
  reference: (_: unknown, { x }: { x: unknown }) => x,
  macs: () => 0,
  trace: () => {},
}
// biome-ignore lint/suspicious/noExplicitAny: as JavaScript sees it
const untypedKernel = kernel as (def: any) => ReturnType<typeof kernel>

describe('a declaration', () => {
  test.each(Object.keys(COMPLETE))('without %s', (field) => {
    const { [field]: _, ...rest } = COMPLETE as Record<string, unknown>
    const named = field === 'name' ? 'without a name' : 'k'
    expect(() => untypedKernel(rest)).toThrow(`kernel ${named}: ${field} is missing; a kernel declares name,`)
  })

  test('with something else', () => {
    expect(() => untypedKernel({ ...COMPLETE, reference: 3 })).toThrow('kernel k: reference is no function;')
    expect(() => untypedKernel({ ...COMPLETE, inputs: null })).toThrow('kernel k: inputs is no object;')
  })
})

describe('a trace', () => {
  // biome-ignore lint/suspicious/noExplicitAny: as JavaScript sees it
  const refused = (trace: (...all: any[]) => void) =>
    refusalOf(() => untypedKernel({ ...COMPLETE, trace }).trace())

  test('with a method that there is not', () => {
    const message = refused(({ nl }, _, { M }) => nl.afineRange(M.tiles(128)))
    expect(message).toMatchInlineSnapshot(`
      "k («const message = refused(({ nl }, _, { M }) => nl.afineRange(M.tiles(128)))»): nl.afineRange is not a function.
        Look for a name on this line that is misspelt; FEATURES.md lists what nl and nisa have."
    `)
  })

  test('with an entry that the schedule does not declare', () => {
    const message = refused(({ nl }, _, { N }, s) => nl.affineRange(N.tiles(s.nBlok)))
    expect(message).toMatchInlineSnapshot(`
      "k («const message = refused(({ nl }, _, { N }, s) => nl.affineRange(N.tiles(s.nBlok)))»): tiles of N by undefined, neither a number nor an entry of the schedule.
        Declare the entry in the schedule, under the name that is used here."
    `)
  })
})
