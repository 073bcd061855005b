/**
 * The tensor engine of Trn2 and Trn3 starts at half speed, and falls back to it: in windows of a few µs, one that was
 * used less than half makes the next one slow (Neuron Explorer, overview summary page).
 */
export class TensorClock {
  private slow = true
  private windowStart = 0
  private used = 0

  constructor(private readonly throttle: { readonly window: number; readonly utilisation: number }) {}

  /** How much longer an instruction takes that starts now. Times may not go back. */
  slowdown(now: number): 1 | 2 {
    const { window, utilisation } = this.throttle
    if (now >= this.windowStart + window) {
      const passed = Math.floor((now - this.windowStart) / window)
      // an instruction may have outlasted its window; what is left of it counts for the next one
      const carried = Math.max(0, this.used - window * (passed - 1))
      this.slow = (passed === 1 ? this.used : carried) < utilisation * window
      this.used = Math.max(0, this.used - window * passed)
      this.windowStart += window * passed
    }
    return this.slow ? 2 : 1
  }

  /** Books the time of an instruction in the current window. */
  spend(time: number): void {
    this.used += time
  }
}
