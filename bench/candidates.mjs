/**
 * What runs in a Node process of its own: this project's engine and the peers written for JavaScript. Each gives
 * prepare({ product, x, chains }) → { run(), y(), release() }, where `run` does every chain once; and `bytes`, if it knows
 * what the weights of one chain take.
 */
import { availableParallelism } from 'node:os'
import { model } from './onnx.mjs'

const threads = availableParallelism()

async function neuronmm({ backend = 'auto', dtype = 'float32', fused = true, packing }) {
  const { createEngine } = await import('../dist/engine/index.js')
  const { Tensor } = await import('../dist/tensor/index.js')
  const engine = await createEngine({ backend })
  const tensor = ({ shape, values }) => Tensor.wrap(values, shape, 'float32')
  const pair = (u, v, more) => engine.lowRank({ u: tensor(u), v: tensor(v), dtype, packing, ...more })

  /** The layers of one chain, and one call of them. */
  const forms = {
    chain: ([u, v], rows) => (fused ? one(pair(u, v), rows) : inTurn([u, v].map(linear), rows)),
    dense: ([w], rows) => one(linear(w), rows),
    mlp: (factors, rows) => (fused ? one(mlp(factors), rows) : threeCalls(factors, rows)),
  }
  const linear = (w) => engine.linear({ w: tensor(w), dtype, packing })
  const mlp = (factors) => {
    const [gate, up, down] = [0, 2, 4].map((i) => ({ u: tensor(factors[i]), v: tensor(factors[i + 1]) }))
    return engine.lowRankMlp({ gate, up, down, dtype, packing })
  }
  const output = (layer, rows) => new Float32Array(rows * layer.outFeatures)
  const one = (layer, rows) => inTurn([layer], rows)
  function inTurn(layers, rows) {
    const outputs = layers.map((layer) => output(layer, rows))
    return { layers, call: (x) => layers.reduce((y, layer, i) => layer.forward(y, outputs[i]), x) }
  }
  function threeCalls([ug, vg, uu, vu, ud, vd], rows) {
    const layers = [pair(ug, vg, { activation: 'silu' }), pair(uu, vu), pair(ud, vd)]
    const [hidden, scale, y] = layers.map((layer) => output(layer, rows))
    return {
      layers,
      call: (x) => {
        layers[0].forward(x, hidden)
        layers[1].forward(x, scale)
        for (let i = 0; i < hidden.length; i++) hidden[i] *= scale[i]
        return layers[2].forward(hidden, y)
      },
    }
  }

  return {
    describe: () => ({ info: engine.info, node: process.version }),
    peaks: () => ({ peaks: engine.measurePeaks() }),
    prepare({ product, x, chains }) {
      const prepared = chains.map((chain) => forms[product](chain, x.shape[0]))
      const bytes = prepared[0].layers.reduce((sum, layer) => sum + layer.bytes, 0)
      let out
      return {
        bytes,
        run: () => {
          for (const { call } of prepared.toReversed()) out = call(x.values)
        },
        y: () => out,
        release: () => prepared.forEach(({ layers }) => void layers.forEach((layer) => void layer.dispose())),
      }
    },
  }
}

function onnx(ort, sessionOptions) {
  return {
    async prepare({ product, x, chains }) {
      const session = await ort.InferenceSession.create(model(product, chains), sessionOptions)
      const input = { x: new ort.Tensor('float32', x.values, x.shape) }
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
  neuronmm,
  /** `best`: as many threads as processors; with the environment of peers.mjs its outputs come from memory it has had before. */
  'onnxruntime-node': async ({ best }) => {
    const ort = (await import('onnxruntime-node')).default
    return onnx(ort, best ? { intraOpNumThreads: threads, graphOptimizationLevel: 'all' } : {})
  },
  /** By default half of the processors. */
  'onnxruntime-web': async ({ best }) => {
    const ort = await import('onnxruntime-web')
    if (best) ort.env.wasm.numThreads = threads
    return onnx(ort, { executionProviders: ['wasm'] })
  },
  /** One thread in Node, whatever one asks for. */
  'tfjs-wasm': async () => {
    const tf = await import('@tensorflow/tfjs-core')
    await import('@tensorflow/tfjs-backend-wasm')
    await tf.setBackend('wasm')
    await tf.ready()
    return {
      prepare({ product, x, chains }) {
        if (product === 'mlp') throw new Error('no MLP here')
        const weights = chains.map((chain) => chain.map(({ shape, values }) => tf.tensor2d(values, shape)))
        const input = tf.tensor2d(x.values, x.shape)
        let out
        return {
          run: () => {
            for (const chain of weights.toReversed()) {
              const y = tf.tidy(() => chain.reduce((product, matrix) => tf.matMul(product, matrix), input))
              out = y.dataSync()
              y.dispose()
            }
          },
          y: () => out,
          release: () => tf.dispose([input, ...weights.flat()]),
        }
      },
    }
  },
}

export function load(name, options) {
  return loaders[name](options)
}
