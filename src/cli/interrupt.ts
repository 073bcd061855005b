/** Ctrl-C for work that never yields, so that no handler in JavaScript could hear of it. */
import { createContext, Script } from 'node:vm'

const CALL = new Script('work()')

/**
 * What `work` gives. A SIGINT ends it between two instructions, without its `finally`: it should compute, and leave files
 * and the terminal to others. @throws AbortError when it was interrupted, else what `work` throws
 */
export function interruptible<T>(work: () => T): T {
  try {
    return CALL.runInContext(createContext({ work }), { breakOnSigint: true, displayErrors: false })
  } catch (error) {
    if ((error as NodeJS.ErrnoException)?.code === 'ERR_SCRIPT_EXECUTION_INTERRUPTED')
      throw new DOMException('', 'AbortError')
    throw error
  }
}
