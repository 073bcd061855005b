/**
 * The peers, each as { name, prepare(shape, factors, rows) → { run(), y(), release() } }; `run` does every pair of factors
 * once. A peer that is not there throws when it is loaded and is left out, with the reason.
 */
import { availableParallelism } from 'node:os'
import { chainModel } from './onnx.mjs'

const threads = availableParallelism()

function onnxPeer(name, ort, options) {
  return {
    name,
    async prepare(shape, factors, x) {
      const session = await ort.InferenceSession.create(chainModel(shape, factors), options)
      const input = { x: new ort.Tensor('float32', x, [x.length / shape[0], shape[0]]) }
      let out
      return {
        run: async () => {
          out = await session.run(input)
        },
        y: () => out.y0.data,
        release: () => session.release(),
      }
    },
  }
}

const loaders = {
  'onnxruntime-node': async () => {
    const ort = (await import('onnxruntime-node')).default
    return onnxPeer('onnxruntime-node', ort, { intraOpNumThreads: threads, graphOptimizationLevel: 'all' })
  },
  'onnxruntime-web': async () => {
    const ort = await import('onnxruntime-web')
    ort.env.wasm.numThreads = threads
    return onnxPeer('onnxruntime-web', ort, { executionProviders: ['wasm'] })
  },
  'tfjs-wasm': async () => {
    const tf = await import('@tensorflow/tfjs-core')
    await import('@tensorflow/tfjs-backend-wasm')
    await tf.setBackend('wasm')
    await tf.ready()
    return {
      name: 'tfjs-wasm',
      async prepare([K, r, N], factors, x) {
        const pairs = factors.map(({ u, v }) => [tf.tensor2d(u, [K, r]), tf.tensor2d(v, [r, N])])
        const input = tf.tensor2d(x, [x.length / K, K])
        let out
        return {
          run: () => {
            for (const [u, v] of pairs) {
              const y = tf.tidy(() => tf.matMul(tf.matMul(input, u), v))
              out = y.dataSync()
              y.dispose()
            }
          },
          y: () => out,
          release: () => tf.dispose([input, ...pairs.flat()]),
        }
      },
    }
  },
}

/** The peers asked for that load; the others' reasons go to `missing`. */
export async function loadPeers(names, missing) {
  const peers = []
  for (const name of names) {
    try {
      peers.push(await loaders[name]())
    } catch (error) {
      missing.push(`${name}: ${String(error.message).split('\n')[0]}`)
    }
  }
  return peers
}
export const PEERS = Object.keys(loaders)
