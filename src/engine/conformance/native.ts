/** For tests that look at the native engine alone. */
import { type Addon, loadAddon } from '../native/addon.ts'
import type { Rows } from '../types.ts'

function loaded(): Addon | undefined {
  try {
    return loadAddon()
  } catch {
    return undefined
  }
}

/** The addon, where this machine has one. */
export const addon = loaded()
export const instructionSets: readonly string[] = addon?.instructionSets ?? []

/** Every bit; quicker than looking at every element. */
export function sameBits(a: Rows, b: Rows): boolean {
  const [left, right] = [a, b].map((rows) => new Uint8Array(rows.buffer, rows.byteOffset, rows.byteLength))
  return Buffer.compare(left!, right!) === 0
}
