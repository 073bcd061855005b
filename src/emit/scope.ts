/** Names of loops and buffers in the Python text: those of the kernel, numbered where two of them are alive together. */

export class Scope {
  private readonly names = new Map<object, string>()
  private alive: string[]

  constructor(reserved: readonly string[]) {
    this.alive = [...reserved]
  }

  /** Names the thing until the scope that is open now is closed. */
  name(thing: object, base: string): string {
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
