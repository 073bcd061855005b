/**
 * Tracing: a kernel runs once, and its loops, allocations and instructions are appended to a tree. Everything that can
 * be known to be wrong without a shape is refused here, at the line that wrote it.
 */
import { type Fault, KernelError } from './errors.ts'
import type { Backing, Loop, LoopMode, Node } from './program.ts'
import type { Call, Routine } from './routine.ts'
import { Site } from './site.ts'
import { Cut, Span } from './span.ts'
import { View } from './view.ts'

export class Trace {
  readonly body: Node[] = []
  readonly spans: Span<string>[] = []
  readonly calls: Call[] = []
  private readonly open: Loop[] = []
  /** Nodes of the routine that is at work, and the loop that it was called in. */
  private working: { nodes: Node[]; inner: Loop | null } | null = null
  /** Loops that were asked for; one that is never run is a mistake. */
  private readonly pending = new Set<{ site: Site; label: string }>()
  private remark: string | null = null
  private ended = false

  /** `bufferingDegree`: copies of what is allocated to rotate; null: as many as the allocation says. */
  constructor(
    readonly kernel: string,
    readonly bufferingDegree: number | null = null,
  ) {}

  register(span: Span<string>): number {
    return this.spans.push(span) - 1
  }

  fail(fault: Fault, site: Site = Site.capture()): never {
    throw new KernelError(this.kernel, site.toString(), fault)
  }

  /** Attached to the next node that is appended. */
  comment(text: string): void {
    this.remark = text
  }

  takeComment(): string | null {
    const text = this.remark
    this.remark = null
    return text
  }

  append(node: Node): void {
    if (this.ended)
      this.fail(
        {
          what: 'an instruction is issued after the trace ended',
          fix: 'use nl and nisa only inside trace()',
        },
        node.site,
      )
    ;(this.open.at(-1)?.body ?? this.body).push(node)
    if (this.working?.inner === this.inner) this.working.nodes.push(node)
  }

  /** Runs a routine. What routines call themselves is theirs. */
  call<T>(routine: Routine, args: readonly unknown[], body: () => T): T {
    if (this.working) return body()
    const working = { nodes: [] as Node[], inner: this.inner }
    this.working = working
    try {
      const result = body()
      const made = result instanceof View ? working.nodes.find((node) => node === result.backing) : undefined
      if (working.nodes.length > 0)
        this.calls.push({ routine, args, nodes: working.nodes, result: made?.kind === 'alloc' ? made : null })
      return result
    } finally {
      this.working = null
    }
  }

  /** The innermost loop that is being traced. */
  get inner(): Loop | null {
    return this.open.at(-1) ?? null
  }

  /** A span of this trace, whose loop is being traced. Plain JavaScript may come with anything. */
  requireOpen(span: Span<string>): void {
    if (!(span instanceof Span))
      this.fail({
        what: `${(span as unknown) instanceof Cut ? `a cut (${(span as unknown as Cut<string>).label})` : `a ${typeof span}`} is given where a span is needed`,
        fix: 'give a dimension, or what a loop over a cut yields',
      })
    if (span.trace !== this)
      this.fail({
        what: `${span.label} belongs to another trace, of ${span.trace.kernel}`,
        fix: 'use only the dimensions and tensors that trace() was given',
      })
    for (let s: Span<string> | null = span; s; s = s.parent)
      if (s.loop && !this.open.includes(s.loop))
        this.fail({
          what: `${s.label} is used outside of its loop, opened at ${s.loop.site}`,
          fix: 'use it inside the loop body, or loop again over the same cut',
        })
  }

  requireAlive(backing: Backing): void {
    if (backing.kind === 'alloc' && backing.loop && !this.open.includes(backing.loop))
      this.fail({
        what: `${backing.name} (allocated at ${backing.site}) is used outside of the loop over ${backing.loop.span.label} that made it`,
        fix: 'allocate it before the loop',
      })
  }

  /** In an affine loop no two iterations may write the same place; only accumulation into PSUM adds up. */
  requireIndependent(op: string, dst: View, accumulates: boolean, site: Site): void {
    if (dst.memory === 'psum' && accumulates) return
    const { backing } = dst
    const outside = backing.kind === 'alloc' && backing.loop ? this.open.indexOf(backing.loop) : -1
    for (const loop of this.open.slice(outside + 1))
      if (loop.mode === 'affine' && !dst.rows.movesWith(loop) && !dst.cols.movesWith(loop))
        this.fail(
          {
            what: `${op}: every iteration of the affine loop over ${loop.span.label} (${loop.site}) writes the same part of ${dst.name}`,
            fix: `use nl.sequentialRange for ${loop.span.label}, or ${backing.kind === 'alloc' ? `allocate ${dst.name} inside that loop` : `write a part of ${dst.name} that moves with it`}`,
          },
          site,
        )
  }

  /** Registered when it is asked for, not when it first runs, so that a loop which never runs is noticed. */
  loop<D extends string>(mode: LoopMode, cut: Cut<D>): Iterable<Span<D>> {
    const site = Site.capture()
    if (!(cut instanceof Cut))
      this.fail(
        {
          what: `a loop over ${(cut as unknown) instanceof Span ? (cut as unknown as Span<D>).label : `a ${typeof cut}`}, which is not a cut`,
          fix: 'cut a span with strips(), blocks() or tiles(): loops take its pieces',
        },
        site,
      )
    this.requireOpen(cut.of)
    const asked = { site, label: cut.label }
    this.pending.add(asked)
    return {
      [Symbol.iterator]: () => {
        if (!this.pending.delete(asked))
          this.fail(
            { what: `the loop over ${cut.label} is run a second time`, fix: 'ask nl for a new loop' },
            site,
          )
        return this.iterate(mode, cut, site)
      },
    }
  }

  private *iterate<D extends string>(
    mode: LoopMode,
    cut: Cut<D>,
    site: Site,
  ): Generator<Span<D>, void, void> {
    const node = {
      kind: 'loop',
      mode,
      over: cut.of,
      body: [],
      site,
      comment: this.takeComment(),
    } as unknown as Loop
    const span = new Span<D>(this, cut.of.dim, cut.of.limit, cut.of, cut.size, cut.label, node)
    Object.assign(node, { span })
    this.append(node)
    this.open.push(node)
    let finished = false
    try {
      yield span
      finished = true
    } finally {
      // break, return and destructuring end here unfinished. After a throw in the body JavaScript drops our error for
      // the body's own (IteratorClose), which is what its author wants to see.
      const top = this.open.pop()
      if (!finished)
        this.fail(
          {
            what: `the loop over ${cut.label} was left early (break, return or destructuring)`,
            fix: 'a traced body stands for every iteration: cut the span instead of leaving the loop',
          },
          site,
        )
      if (top !== node)
        this.fail(
          {
            what: `the loop over ${cut.label} ended while ${top?.span.label} was still open`,
            fix: 'use for…of, not next()',
          },
          site,
        )
      if (node.body.length === 0)
        this.fail(
          {
            what: `the loop over ${cut.label} has no instruction in it`,
            fix: 'write for (const i of nl.affineRange(…)) { … }, do not spread it',
          },
          site,
        )
    }
  }

  end(): void {
    this.ended = true
    for (const loop of this.pending)
      this.fail(
        { what: `the loop over ${loop.label} was asked for but never run`, fix: 'use for…of' },
        loop.site,
      )
    const left = this.open.at(-1)
    if (left)
      this.fail(
        { what: `the loop over ${left.span.label} was never closed`, fix: 'use for…of, not next()' },
        left.site,
      )
  }
}
