/** Errors as data: what, where, the limit, how to fix. The message is derived, never parsed. */

export interface Fault {
  /** What is wrong, with the number that is too large and the limit it breaks. */
  what: string
  /** The operands concerned, if that helps: `moving = v[r_tile, n_block]`. */
  detail?: string
  /** What to do about it. */
  fix: string
}

/** A kernel that breaks a rule of the language or of the hardware. */
export class KernelError extends Error implements Fault {
  override readonly name = 'KernelError'
  readonly what: string
  readonly detail: string
  readonly fix: string

  constructor(
    readonly kernel: string,
    /** The line of the kernel's source. */
    readonly site: string,
    fault: Fault,
  ) {
    const sentences = [fault.detail, fault.fix].filter((s): s is string => Boolean(s)).map(sentence)
    super(`${kernel} (${site}): ${fault.what}.\n  ${sentences.join(' ')}`)
    this.what = fault.what
    this.detail = fault.detail ?? ''
    this.fix = fault.fix
  }
}

/** Arguments that do not fit a kernel: a missing dimension, an unknown schedule entry, tensors that disagree. */
export class ArgumentError extends Error {
  override readonly name = 'ArgumentError'
}

const sentence = (text: string): string =>
  `${/^\w+ =/.test(text) ? text[0] : text[0]!.toUpperCase()}${text.slice(1)}.`
