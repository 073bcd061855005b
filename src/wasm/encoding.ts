/**
 * The byte-level vocabulary of the WebAssembly binary format: LEB128 integers, names, vectors and sections
 * (WebAssembly Core Specification, chapter 5 "Binary Format"). Everything above this file composes these five.
 */

/** A piece of a module as bytes; kept as number arrays, since kernels are a few kilobytes. */
export type Bytes = readonly number[]

/** Unsigned LEB128 of an integer in 0..2³²-1. */
export function unsigned(value: number): number[] {
  if (!Number.isInteger(value) || value < 0 || value > 0xffffffff)
    throw new RangeError(`unsigned LEB128: ${value} is not an integer in 0..4294967295`)
  const bytes: number[] = []
  let rest = value
  do {
    const low = rest & 0x7f
    rest >>>= 7
    bytes.push(rest === 0 ? low : low | 0x80)
  } while (rest !== 0)
  return bytes
}

/** Signed LEB128 of a 32-bit integer; 0..2³²-1 is taken modulo 2³², so that addresses above 2 GiB may be written plainly. */
export function signed(value: number): number[] {
  if (!Number.isInteger(value) || value < -0x80000000 || value > 0xffffffff)
    throw new RangeError(`signed LEB128: ${value} does not fit 32 bits`)
  const bytes: number[] = []
  let rest = value | 0
  for (;;) {
    const low = rest & 0x7f
    rest >>= 7
    if ((rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0)) {
      bytes.push(low)
      return bytes
    }
    bytes.push(low | 0x80)
  }
}

/** A UTF-8 name, prefixed with its length. */
export function name(text: string): number[] {
  const utf8 = new TextEncoder().encode(text)
  return [...unsigned(utf8.length), ...utf8]
}

/** A vector: the number of items, then the items. */
export function vector(items: readonly Bytes[]): number[] {
  return [...unsigned(items.length), ...items.flat()]
}

/** Bytes prefixed with their length, as function bodies and sections are. */
export function sized(bytes: Bytes): number[] {
  return [...unsigned(bytes.length), ...bytes]
}

/** Section `id` with its contents. */
export function section(id: number, contents: Bytes): number[] {
  return [id, ...sized(contents)]
}
