#!/usr/bin/env node
/** The entry point. Source maps must be on before anything else loads: kernels' errors name lines of TypeScript. */
process.setSourceMapsEnabled(true)
const { main } = await import('./main.ts')
await main(process.argv.slice(2))

export {}
