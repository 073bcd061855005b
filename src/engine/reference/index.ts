/** The obvious engine, in plain TypeScript: the definition that the fast ones are read against, and the last resort. */
export { createReferenceBackend } from './backend.ts'
