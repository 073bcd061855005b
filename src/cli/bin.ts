#!/usr/bin/env node
/** The entry point. Source maps must be on before anything else loads: kernels' errors name lines of TypeScript. */
process.setSourceMapsEnabled(true)
// whoever reads the output may stop doing so (`| head`): then there is nothing left to do
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit(0)
})
const { main } = await import('./main.ts')
await main(process.argv.slice(2))

export {}
