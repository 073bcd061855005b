/**
 * Routines: compound moves of a kernel library (load a block, add a product) that keep their name in the program. In the
 * IR their nodes are the kernel's own, as if they had been written there, so that running, counting and verifying need
 * not know of them. What writes a program for people (emit) can say `load(…)` instead, and write the routine once.
 */
import type { Handles } from './language.ts'
import type { Alloc, Node } from './program.ts'

/**
 * An argument: a view, with names for its two dimensions (same name, same span); a number of the schedule; a dtype to
 * convert to; a word, which shapes the trace; or what the result is called.
 */
export type Parameter = readonly [p: string, f: string] | 'size' | 'dtype' | 'word' | 'label'

export interface Routine {
  readonly name: string
  /** What it does, in words that hold in every dialect. */
  readonly summary: string
  /** By name, in the order of its arguments. */
  readonly parameters: Readonly<Record<string, Parameter>>
  readonly body: (h: Handles, ...args: unknown[]) => unknown
}

/** A routine at work in a kernel. */
export interface Call {
  readonly routine: Routine
  readonly args: readonly unknown[]
  /** What it issued: consecutive nodes of one body. */
  readonly nodes: readonly Node[]
  /** The block that it made, if it made one. */
  readonly result: Alloc | null
}

/** The same function, which is now known by its name. It must do the same for blocks of any size. */
export function routine<T extends (h: Handles, ...args: never[]) => unknown>(
  declaration: Omit<Routine, 'body'>,
  body: T,
): T {
  const self: Routine = { ...declaration, body: body as unknown as Routine['body'] }
  const called = (h: Handles, ...args: unknown[]): unknown =>
    h.nl.call(self, args, () => self.body(h, ...args))
  return called as unknown as T
}
