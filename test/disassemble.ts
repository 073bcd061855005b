/** Bytes back to text with wabt, an independent reader of the format. For tests only. */
import wabtModule from 'wabt'

const FEATURES = { simd: true, threads: true, relaxed_simd: true, bulk_memory: true }

/** The text format with names, flat; throws where the bytes are not a valid module. */
export async function disassemble(bytes: Uint8Array): Promise<string> {
  const wabt = await wabtModule()
  const module = wabt.readWasm(bytes, { ...FEATURES, readDebugNames: true })
  try {
    module.validate()
    module.applyNames()
    return module.toText({ foldExprs: false, inlineExport: false })
  } finally {
    module.destroy()
  }
}
