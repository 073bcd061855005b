import { expect, expectTypeOf, test } from 'vitest'
import { disassemble } from '../../test/disassemble.ts'
import {
  type Expr,
  f32,
  f32x4,
  i16x8,
  i32,
  i32x4,
  type Local,
  ModuleBuilder,
  memory,
  type Statement,
  v128,
} from './index.ts'

/** A module of one exported function over a memory of one page. */
function moduleOf(write: (m: ModuleBuilder) => void): ModuleBuilder {
  const m = new ModuleBuilder()
  m.importMemory('env', 'memory', { initial: 1, maximum: 1, shared: false })
  write(m)
  return m
}

function instantiate(m: ModuleBuilder): {
  exports: Record<string, (...args: number[]) => number>
  bytes: DataView
} {
  const linear = new WebAssembly.Memory({ initial: 1, maximum: 1 })
  const instance = new WebAssembly.Instance(new WebAssembly.Module(m.toBytes()), { env: { memory: linear } })
  return { exports: instance.exports as never, bytes: new DataView(linear.buffer) }
}

type Operands = { a: Local<'i32'>; x: Local<'v128'> }

/** Every instruction on plain operands, with the name under which a disassembler must read it back. */
const INSTRUCTIONS: Record<string, (o: Operands) => Expr<'i32' | 'f32' | 'v128'> | Statement> = {
  'i32.const -7': () => i32.const(-7),
  'i32.load offset=4': ({ a }) => i32.load(a, 4),
  'i32.load16_u': ({ a }) => i32.load16_u(a),
  'i32.store offset=8': ({ a }) => i32.store(a, a, 8),
  'i32.store16': ({ a }) => i32.store16(a, a),
  'i32.eqz': ({ a }) => i32.eqz(a),
  'i32.eq': ({ a }) => i32.eq(a, a),
  'i32.ne': ({ a }) => i32.ne(a, a),
  'i32.lt_u': ({ a }) => i32.lt_u(a, a),
  'i32.ge_u': ({ a }) => i32.ge_u(a, a),
  'i32.add': ({ a }) => i32.add(a, 1),
  'i32.sub': ({ a }) => i32.sub(a, a),
  'i32.mul': ({ a }) => i32.mul(a, a),
  'i32.div_u': ({ a }) => i32.div_u(a, a),
  'i32.rem_u': ({ a }) => i32.rem_u(a, a),
  'i32.and': ({ a }) => i32.and(a, a),
  'i32.or': ({ a }) => i32.or(a, a),
  'i32.shl': ({ a }) => i32.shl(a, 2),
  'i32.shr_u': ({ a }) => i32.shr_u(a, 2),
  select: ({ a }) => i32.select(a, a, a),
  'i32.atomic.load': ({ a }) => i32.atomic.load(a),
  'i32.atomic.store offset=12': ({ a }) => i32.atomic.store(a, a, 12),
  'i32.atomic.rmw.add': ({ a }) => i32.atomic.add(a, 1),
  'memory.atomic.notify': ({ a }) => memory.atomic.notify(a, -1),
  'memory.atomic.wait32': ({ a }) => memory.atomic.wait32(a, 0),
  'f32.load': ({ a }) => f32.load(a),
  'f32.store': ({ a }) => f32.store(a, f32.load(a)),
  'v128.load offset=16': ({ a }) => v128.load(a, 16),
  'v128.load32_splat offset=200': ({ a }) => v128.load32_splat(a, 200),
  'v128.store': ({ a, x }) => v128.store(a, x),
  'v128.store32_lane offset=4 3': ({ a, x }) => v128.store32_lane(a, x, 3, 4),
  'v128.and': ({ x }) => v128.and(x, x),
  'v128.or': ({ x }) => v128.or(x, x),
  'v128.xor': ({ x }) => v128.xor(x, x),
  'v128.bitselect': ({ x }) => v128.bitselect(x, x, x),
  'v128.const i32x4 0xffffffff 0xffffffff 0xffffffff 0xffffffff': () => i32x4.const(-1),
  'v128.load16x4_u': ({ a }) => i32x4.load16x4_u(a),
  'i32x4.add': ({ x }) => i32x4.add(x, x),
  'i32x4.shl': ({ x }) => i32x4.shl(x, 16),
  'i32x4.shr_u': ({ x }) => i32x4.shr_u(x, 16),
  'i32x4.trunc_sat_f32x4_s': ({ x }) => i32x4.trunc_sat_f32x4_s(x),
  'i16x8.narrow_i32x4_u': ({ x }) => i16x8.narrow_i32x4_u(x, x),
  'v128.const i32x4 0x3f800000 0x3f800000 0x3f800000 0x3f800000': () => f32x4.const(1),
  'f32x4.splat': ({ a }) => f32x4.splat(f32.load(a)),
  'f32x4.eq': ({ x }) => f32x4.eq(x, x),
  'f32x4.lt': ({ x }) => f32x4.lt(x, x),
  'f32x4.gt': ({ x }) => f32x4.gt(x, x),
  'f32x4.nearest': ({ x }) => f32x4.nearest(x),
  'f32x4.abs': ({ x }) => f32x4.abs(x),
  'f32x4.neg': ({ x }) => f32x4.neg(x),
  'f32x4.add': ({ x }) => f32x4.add(x, x),
  'f32x4.sub': ({ x }) => f32x4.sub(x, x),
  'f32x4.mul': ({ x }) => f32x4.mul(x, x),
  'f32x4.div': ({ x }) => f32x4.div(x, x),
  'f32x4.min': ({ x }) => f32x4.min(x, x),
  'f32x4.max': ({ x }) => f32x4.max(x, x),
  'f32x4.relaxed_madd': ({ x }) => f32x4.relaxed_madd(x, x, x),
}

test.each(Object.entries(INSTRUCTIONS))(
  '%s reads back under its name, with operands of its types',
  async (text, make) => {
    const m = moduleOf((builder) =>
      builder.function('f', { params: { a: 'i32' } }, (f, { a }) => {
        const made = make({ a, x: f.local('v128', 'x') })
        if (made.type === 'void') f.do(made)
        else f.drop(made)
      }),
    )
    const lines = (await disassemble(m.toBytes())).split('\n').map((line) => line.trim().replace(/\)+$/, ''))
    expect(lines).toContain(text)
  },
)

test('operands of the wrong type do not compile', () => {
  expectTypeOf(f32x4.add).parameter(0).toEqualTypeOf<Expr<'v128'>>()
  expectTypeOf(i32.add).parameter(0).toEqualTypeOf<Expr<'i32'> | number>()
  expectTypeOf(f32x4.splat).parameter(0).toEqualTypeOf<Expr<'f32'>>()
  expectTypeOf(f32x4.add).returns.toEqualTypeOf<Expr<'v128'>>()
})

test('control flow, calls and the table run', () => {
  const m = moduleOf((builder) => {
    const square = builder.function('square', { params: { at: 'i32' } }, (f, { at }) =>
      f.do(i32.store(at, i32.mul(i32.load(at), i32.load(at)))),
    )
    const twice = builder.function('twice', { params: { at: 'i32' } }, (f, { at }) =>
      f.do(i32.store(at, i32.shl(i32.load(at), 1))),
    )
    const slots = [builder.slot(square), builder.slot(twice)]
    expect(slots).toEqual([0, 1])
    const run = builder.function('run', { params: { n: 'i32', which: 'i32' } }, (f, { n, which }) => {
      const i = f.local('i32', 'i')
      f.do(i32.store(0, 0))
      // 0 + 1 + … + (n-1), without 3
      f.forEach(i, { from: 0, to: n }, () => {
        f.block((skip) => {
          f.branchIf(skip, i32.eq(i, 3))
          f.do(i32.store(0, i32.add(i32.load(0), i)))
        })
      })
      f.if(
        i32.lt_u(which, 2),
        () => f.callIndirect(builder.type(square.signature), which, { at: 0 }),
        () => f.call(twice, { at: 0 }),
      )
    })
    builder.export(run)
  })
  const { exports, bytes } = instantiate(m)
  const results = [0, 1, 2].map((which) => {
    exports.run!(6, which)
    return bytes.getInt32(0, true)
  })
  expect(results).toEqual([144, 24, 24])
})

test('names and structure survive disassembly', async () => {
  const m = moduleOf((builder) => {
    const notify = builder.importFunction('env', 'notify', { params: { job: 'i32' } })
    const f = builder.function('count', { params: { from: 'i32' } }, (f, { from }) => {
      f.loop((again) => {
        f.increment(from, -1)
        f.branchIf(again, from)
      })
      f.call(notify, { job: from })
      f.return()
    })
    builder.export(f)
  })
  await expect(await disassemble(m.toBytes())).toMatchFileSnapshot('golden/count.wat')
})

test('mistakes in a generator are said at once', () => {
  const m = moduleOf((builder) => {
    builder.function('f', { params: {} }, (f) => {
      let outer: { depth: number } | undefined
      f.block(() => f.block((label) => (outer = label)))
      expect(() => f.branch(outer!)).toThrow('already closed')
    })
  })
  expect(() => m.importFunction('env', 'late', { params: {} })).toThrow('imports come before functions')
})
