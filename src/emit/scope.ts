/** Names of loops and buffers in the Python text: those of the kernel, numbered where two of them are alive together. */

/** Words and functions of Python, and modules: a buffer of that name would hide them. */
const PYTHON = new Set(
  'and any as assert break class continue def del elif else except finally for from global if import in is lambda max min nisa nki nl nonlocal not or pass raise range return sum try while with yield'.split(
    ' ',
  ),
)

export class Scope {
  private readonly names = new Map<object, string>()
  private alive: string[]

  constructor(reserved: readonly string[]) {
    this.alive = [...reserved]
  }

  /** Names the thing until the scope that is open now is closed. */
  name(thing: object, wanted: string): string {
    const base = PYTHON.has(wanted) ? `${wanted}_` : wanted
    let name = base
    for (let i = 2; this.alive.includes(name); i++) name = `${base}_${i}`
    this.alive.push(name)
    this.names.set(thing, name)
    return name
  }

  of(thing: object): string {
    return this.names.get(thing)!
  }

  /** Runs `body` in a scope of its own. */
  within<T>(body: () => T): T {
    const outer = this.alive
    this.alive = [...outer]
    try {
      return body()
    } finally {
      this.alive = outer
    }
  }
}
