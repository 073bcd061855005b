/** Written by `npm run tune-defaults`: the best schedules on the model, in bfloat16. defaults.ts says how they are used. */

export type TunedKernel = 'fused_xuv' | 'fused_xtuv' | 'fused_mlp' | 'matmul_fully_optimized'

export const TUNED: Readonly<Record<TunedKernel, Readonly<Record<'trn1' | 'trn2', string>>>> = {
  fused_xuv: {
    trn1: `
M=256 K=2048 r=512 N=2048: mStrip=256 kBlock=1024 rBlock=512 nBlock=1024 accumulate=float32 transposeBy=tensor
M=512 K=2048 r=512 N=2048: mStrip=512 kBlock=1024 rBlock=512 nBlock=512 accumulate=float32 transposeBy=tensor
M=1024 K=2048 r=512 N=2048: mStrip=512 kBlock=1024 rBlock=512 nBlock=1024 accumulate=float32 transposeBy=tensor
M=4096 K=2048 r=512 N=2048: mStrip=512 kBlock=1024 rBlock=512 nBlock=1024 accumulate=float32 transposeBy=tensor
M=256 K=2048 r=1280 N=8192: mStrip=256 kBlock=1024 rBlock=2048 nBlock=1024 accumulate=float32 transposeBy=tensor
M=512 K=2048 r=1280 N=8192: mStrip=512 kBlock=1024 rBlock=1024 nBlock=1024 accumulate=float32 transposeBy=tensor
M=1024 K=2048 r=1280 N=8192: mStrip=1024 kBlock=1024 rBlock=1024 nBlock=512 accumulate=float32 transposeBy=tensor
M=4096 K=2048 r=1280 N=8192: mStrip=1024 kBlock=1024 rBlock=1024 nBlock=512 accumulate=float32 transposeBy=tensor
M=256 K=8192 r=1280 N=2048: mStrip=256 kBlock=1024 rBlock=2048 nBlock=1024 accumulate=float32 transposeBy=tensor
M=512 K=8192 r=1280 N=2048: mStrip=512 kBlock=1024 rBlock=1024 nBlock=512 accumulate=float32 transposeBy=tensor
M=1024 K=8192 r=1280 N=2048: mStrip=512 kBlock=1024 rBlock=1024 nBlock=1024 accumulate=float32 transposeBy=tensor
M=4096 K=8192 r=1280 N=2048: mStrip=512 kBlock=1024 rBlock=1024 nBlock=1024 accumulate=float32 transposeBy=tensor
M=256 K=3072 r=1792 N=8192: mStrip=256 kBlock=2048 rBlock=1024 nBlock=1024 accumulate=float32 transposeBy=tensor
M=512 K=3072 r=1792 N=8192: mStrip=512 kBlock=1024 rBlock=1024 nBlock=1024 accumulate=float32 transposeBy=tensor
M=1024 K=3072 r=1792 N=8192: mStrip=1024 kBlock=2048 rBlock=1024 nBlock=512 accumulate=float32 transposeBy=tensor
M=4096 K=3072 r=1792 N=8192: mStrip=1024 kBlock=1024 rBlock=1024 nBlock=512 accumulate=float32 transposeBy=tensor
M=256 K=8192 r=1792 N=3072: mStrip=256 kBlock=1024 rBlock=1024 nBlock=1024 accumulate=float32 transposeBy=tensor
M=512 K=8192 r=1792 N=3072: mStrip=512 kBlock=1024 rBlock=1024 nBlock=512 accumulate=float32 transposeBy=tensor
M=1024 K=8192 r=1792 N=3072: mStrip=512 kBlock=2048 rBlock=1024 nBlock=512 accumulate=float32 transposeBy=tensor
M=4096 K=8192 r=1792 N=3072: mStrip=512 kBlock=1024 rBlock=1024 nBlock=1024 accumulate=float32 transposeBy=tensor
M=256 K=4096 r=2560 N=14336: mStrip=256 kBlock=1024 rBlock=1024 nBlock=1024 accumulate=float32 transposeBy=tensor
M=512 K=4096 r=2560 N=14336: mStrip=512 kBlock=512 rBlock=512 nBlock=1024 accumulate=float32 transposeBy=tensor
M=1024 K=4096 r=2560 N=14336: mStrip=1024 kBlock=512 rBlock=2048 nBlock=512 accumulate=float32 transposeBy=dma
M=4096 K=4096 r=2560 N=14336: mStrip=1024 kBlock=512 rBlock=1024 nBlock=512 accumulate=float32 transposeBy=dma
M=256 K=14336 r=2560 N=4096: mStrip=256 kBlock=2048 rBlock=2048 nBlock=1024 accumulate=float32 transposeBy=tensor
M=512 K=14336 r=2560 N=4096: mStrip=512 kBlock=1024 rBlock=1024 nBlock=512 accumulate=float32 transposeBy=tensor
M=1024 K=14336 r=2560 N=4096: mStrip=1024 kBlock=512 rBlock=2048 nBlock=512 accumulate=float32 transposeBy=dma
M=4096 K=14336 r=2560 N=4096: mStrip=1024 kBlock=512 rBlock=2048 nBlock=512 accumulate=float32 transposeBy=dma
M=256 K=8192 r=5120 N=28672: mStrip=256 kBlock=1024 rBlock=1024 nBlock=1024 accumulate=float32 transposeBy=tensor
M=512 K=8192 r=5120 N=28672: mStrip=1024 kBlock=512 rBlock=1024 nBlock=1024 accumulate=float32 transposeBy=dma
M=1024 K=8192 r=5120 N=28672: mStrip=512 kBlock=512 rBlock=2048 nBlock=512 accumulate=float32 transposeBy=dma
M=4096 K=8192 r=5120 N=28672: mStrip=512 kBlock=512 rBlock=2048 nBlock=512 accumulate=float32 transposeBy=dma
M=256 K=28672 r=5120 N=8192: mStrip=256 kBlock=1024 rBlock=1024 nBlock=1024 accumulate=float32 transposeBy=tensor
M=512 K=28672 r=5120 N=8192: mStrip=1024 kBlock=512 rBlock=1024 nBlock=1024 accumulate=float32 transposeBy=dma
M=1024 K=28672 r=5120 N=8192: mStrip=512 kBlock=512 rBlock=2048 nBlock=512 accumulate=float32 transposeBy=dma
M=4096 K=28672 r=5120 N=8192: mStrip=512 kBlock=512 rBlock=2048 nBlock=512 accumulate=float32 transposeBy=dma
M=256 K=8192 r=4096 N=16384: mStrip=256 kBlock=2048 rBlock=1024 nBlock=1024 accumulate=float32 transposeBy=tensor
M=512 K=8192 r=4096 N=16384: mStrip=512 kBlock=512 rBlock=1024 nBlock=2048 accumulate=float32 transposeBy=dma
M=1024 K=8192 r=4096 N=16384: mStrip=512 kBlock=512 rBlock=2048 nBlock=512 accumulate=float32 transposeBy=dma
M=4096 K=8192 r=4096 N=16384: mStrip=512 kBlock=512 rBlock=1024 nBlock=1024 accumulate=float32 transposeBy=dma`,
    trn2: `
M=256 K=2048 r=512 N=2048: mStrip=256 kBlock=1024 rBlock=512 nBlock=512 accumulate=float32 transposeBy=tensor
M=512 K=2048 r=512 N=2048: mStrip=512 kBlock=1024 rBlock=512 nBlock=512 accumulate=float32 transposeBy=tensor
M=1024 K=2048 r=512 N=2048: mStrip=1024 kBlock=1024 rBlock=512 nBlock=512 accumulate=float32 transposeBy=tensor
M=4096 K=2048 r=512 N=2048: mStrip=256 kBlock=2048 rBlock=512 nBlock=512 accumulate=float32 transposeBy=tensor
M=256 K=2048 r=1280 N=8192: mStrip=256 kBlock=1024 rBlock=1024 nBlock=1024 accumulate=float32 transposeBy=tensor
M=512 K=2048 r=1280 N=8192: mStrip=512 kBlock=2048 rBlock=1024 nBlock=512 accumulate=float32 transposeBy=tensor
M=1024 K=2048 r=1280 N=8192: mStrip=1024 kBlock=1024 rBlock=1024 nBlock=512 accumulate=float32 transposeBy=tensor
M=4096 K=2048 r=1280 N=8192: mStrip=512 kBlock=512 rBlock=2048 nBlock=512 accumulate=float32 transposeBy=dma
M=256 K=8192 r=1280 N=2048: mStrip=256 kBlock=1024 rBlock=1024 nBlock=512 accumulate=float32 transposeBy=tensor
M=512 K=8192 r=1280 N=2048: mStrip=512 kBlock=2048 rBlock=1024 nBlock=512 accumulate=float32 transposeBy=tensor
M=1024 K=8192 r=1280 N=2048: mStrip=1024 kBlock=512 rBlock=2048 nBlock=512 accumulate=float32 transposeBy=dma
M=4096 K=8192 r=1280 N=2048: mStrip=2048 kBlock=512 rBlock=2048 nBlock=512 accumulate=float32 transposeBy=dma
M=256 K=3072 r=1792 N=8192: mStrip=256 kBlock=512 rBlock=1024 nBlock=1024 accumulate=float32 transposeBy=tensor
M=512 K=3072 r=1792 N=8192: mStrip=512 kBlock=512 rBlock=2048 nBlock=512 accumulate=float32 transposeBy=dma
M=1024 K=3072 r=1792 N=8192: mStrip=512 kBlock=512 rBlock=2048 nBlock=512 accumulate=float32 transposeBy=dma
M=4096 K=3072 r=1792 N=8192: mStrip=512 kBlock=512 rBlock=1024 nBlock=1024 accumulate=float32 transposeBy=dma
M=256 K=8192 r=1792 N=3072: mStrip=256 kBlock=512 rBlock=2048 nBlock=1024 accumulate=float32 transposeBy=dma
M=512 K=8192 r=1792 N=3072: mStrip=512 kBlock=512 rBlock=2048 nBlock=512 accumulate=float32 transposeBy=dma
M=1024 K=8192 r=1792 N=3072: mStrip=512 kBlock=512 rBlock=2048 nBlock=512 accumulate=float32 transposeBy=dma
M=4096 K=8192 r=1792 N=3072: mStrip=512 kBlock=512 rBlock=2048 nBlock=512 accumulate=float32 transposeBy=dma
M=256 K=4096 r=2560 N=14336: mStrip=256 kBlock=512 rBlock=2048 nBlock=1024 accumulate=float32 transposeBy=dma
M=512 K=4096 r=2560 N=14336: mStrip=512 kBlock=512 rBlock=1024 nBlock=512 accumulate=float32 transposeBy=dma
M=1024 K=4096 r=2560 N=14336: mStrip=512 kBlock=512 rBlock=1024 nBlock=512 accumulate=float32 transposeBy=dma
M=4096 K=4096 r=2560 N=14336: mStrip=512 kBlock=512 rBlock=1024 nBlock=512 accumulate=float32 transposeBy=dma
M=256 K=14336 r=2560 N=4096: mStrip=256 kBlock=512 rBlock=2048 nBlock=1024 accumulate=float32 transposeBy=dma
M=512 K=14336 r=2560 N=4096: mStrip=512 kBlock=512 rBlock=1024 nBlock=512 accumulate=float32 transposeBy=dma
M=1024 K=14336 r=2560 N=4096: mStrip=512 kBlock=512 rBlock=1024 nBlock=512 accumulate=float32 transposeBy=dma
M=4096 K=14336 r=2560 N=4096: mStrip=512 kBlock=512 rBlock=1024 nBlock=512 accumulate=float32 transposeBy=dma
M=256 K=8192 r=5120 N=28672: mStrip=1024 kBlock=512 rBlock=1024 nBlock=1024 accumulate=float32 transposeBy=dma
M=512 K=8192 r=5120 N=28672: mStrip=512 kBlock=512 rBlock=2048 nBlock=512 accumulate=float32 transposeBy=dma
M=1024 K=8192 r=5120 N=28672: mStrip=512 kBlock=512 rBlock=2048 nBlock=512 accumulate=float32 transposeBy=dma
M=4096 K=8192 r=5120 N=28672: mStrip=512 kBlock=2048 rBlock=2048 nBlock=2048 accumulate=float32 transposeBy=tensor
M=256 K=28672 r=5120 N=8192: mStrip=1024 kBlock=512 rBlock=1024 nBlock=1024 accumulate=float32 transposeBy=dma
M=512 K=28672 r=5120 N=8192: mStrip=512 kBlock=512 rBlock=2048 nBlock=512 accumulate=float32 transposeBy=dma
M=1024 K=28672 r=5120 N=8192: mStrip=512 kBlock=512 rBlock=2048 nBlock=512 accumulate=float32 transposeBy=dma
M=4096 K=28672 r=5120 N=8192: mStrip=256 kBlock=1024 rBlock=1024 nBlock=2048 accumulate=float32 transposeBy=dma
M=256 K=8192 r=4096 N=16384: mStrip=1024 kBlock=512 rBlock=1024 nBlock=1024 accumulate=float32 transposeBy=dma
M=512 K=8192 r=4096 N=16384: mStrip=512 kBlock=512 rBlock=1024 nBlock=512 accumulate=float32 transposeBy=dma
M=1024 K=8192 r=4096 N=16384: mStrip=1024 kBlock=512 rBlock=2048 nBlock=512 accumulate=float32 transposeBy=dma
M=4096 K=8192 r=4096 N=16384: mStrip=1024 kBlock=512 rBlock=1024 nBlock=1024 accumulate=float32 transposeBy=dma`,
  },
  fused_xtuv: {
    trn1: `
K=2048 M=256 r=512 N=2048: mStrip=1024 kBlock=512 rBlock=1024 nBlock=1024 accumulate=float32
K=2048 M=512 r=512 N=2048: mStrip=512 kBlock=256 rBlock=512 nBlock=1024 accumulate=float32
K=2048 M=1024 r=512 N=2048: mStrip=1024 kBlock=512 rBlock=1024 nBlock=1024 accumulate=float32
K=2048 M=4096 r=512 N=2048: mStrip=1024 kBlock=512 rBlock=1024 nBlock=1024 accumulate=float32
K=2048 M=256 r=1280 N=8192: mStrip=256 kBlock=2048 rBlock=2048 nBlock=1024 accumulate=float32
K=2048 M=512 r=1280 N=8192: mStrip=1024 kBlock=512 rBlock=1024 nBlock=1024 accumulate=float32
K=2048 M=1024 r=1280 N=8192: mStrip=1024 kBlock=512 rBlock=1024 nBlock=512 accumulate=float32
K=2048 M=4096 r=1280 N=8192: mStrip=512 kBlock=1024 rBlock=1024 nBlock=1024 accumulate=float32
K=8192 M=256 r=1280 N=2048: mStrip=256 kBlock=256 rBlock=2048 nBlock=1024 accumulate=float32
K=8192 M=512 r=1280 N=2048: mStrip=512 kBlock=512 rBlock=2048 nBlock=512 accumulate=float32
K=8192 M=1024 r=1280 N=2048: mStrip=1024 kBlock=512 rBlock=1024 nBlock=512 accumulate=float32
K=8192 M=4096 r=1280 N=2048: mStrip=512 kBlock=512 rBlock=2048 nBlock=1024 accumulate=float32
K=3072 M=256 r=1792 N=8192: mStrip=1024 kBlock=512 rBlock=1024 nBlock=1024 accumulate=float32
K=3072 M=512 r=1792 N=8192: mStrip=1024 kBlock=512 rBlock=1024 nBlock=1024 accumulate=float32
K=3072 M=1024 r=1792 N=8192: mStrip=1024 kBlock=512 rBlock=1024 nBlock=1024 accumulate=float32
K=3072 M=4096 r=1792 N=8192: mStrip=1024 kBlock=512 rBlock=1024 nBlock=512 accumulate=float32
K=8192 M=256 r=1792 N=3072: mStrip=1024 kBlock=512 rBlock=1024 nBlock=1024 accumulate=float32
K=8192 M=512 r=1792 N=3072: mStrip=512 kBlock=512 rBlock=1024 nBlock=512 accumulate=float32
K=8192 M=1024 r=1792 N=3072: mStrip=1024 kBlock=512 rBlock=1024 nBlock=1024 accumulate=float32
K=8192 M=4096 r=1792 N=3072: mStrip=1024 kBlock=512 rBlock=1024 nBlock=512 accumulate=float32
K=4096 M=256 r=2560 N=14336: mStrip=256 kBlock=256 rBlock=2048 nBlock=1024 accumulate=float32
K=4096 M=512 r=2560 N=14336: mStrip=1024 kBlock=512 rBlock=1024 nBlock=1024 accumulate=float32
K=4096 M=1024 r=2560 N=14336: mStrip=1024 kBlock=512 rBlock=1024 nBlock=512 accumulate=float32
K=4096 M=4096 r=2560 N=14336: mStrip=512 kBlock=1024 rBlock=1024 nBlock=1024 accumulate=float32
K=14336 M=256 r=2560 N=4096: mStrip=256 kBlock=256 rBlock=2048 nBlock=1024 accumulate=float32
K=14336 M=512 r=2560 N=4096: mStrip=512 kBlock=512 rBlock=1024 nBlock=512 accumulate=float32
K=14336 M=1024 r=2560 N=4096: mStrip=1024 kBlock=512 rBlock=1024 nBlock=512 accumulate=float32
K=14336 M=4096 r=2560 N=4096: mStrip=512 kBlock=1024 rBlock=1024 nBlock=1024 accumulate=float32
K=8192 M=256 r=5120 N=28672: mStrip=1024 kBlock=512 rBlock=1024 nBlock=1024 accumulate=float32
K=8192 M=512 r=5120 N=28672: mStrip=1024 kBlock=512 rBlock=1024 nBlock=1024 accumulate=float32
K=8192 M=1024 r=5120 N=28672: mStrip=512 kBlock=512 rBlock=2048 nBlock=512 accumulate=float32
K=8192 M=4096 r=5120 N=28672: mStrip=512 kBlock=512 rBlock=2048 nBlock=512 accumulate=float32
K=28672 M=256 r=5120 N=8192: mStrip=1024 kBlock=512 rBlock=1024 nBlock=1024 accumulate=float32
K=28672 M=512 r=5120 N=8192: mStrip=1024 kBlock=512 rBlock=1024 nBlock=1024 accumulate=float32
K=28672 M=1024 r=5120 N=8192: mStrip=512 kBlock=512 rBlock=2048 nBlock=512 accumulate=float32
K=28672 M=4096 r=5120 N=8192: mStrip=512 kBlock=512 rBlock=2048 nBlock=512 accumulate=float32
K=8192 M=256 r=4096 N=16384: mStrip=256 kBlock=256 rBlock=1024 nBlock=1024 accumulate=float32
K=8192 M=512 r=4096 N=16384: mStrip=512 kBlock=1024 rBlock=1024 nBlock=1024 accumulate=float32
K=8192 M=1024 r=4096 N=16384: mStrip=512 kBlock=512 rBlock=2048 nBlock=512 accumulate=float32
K=8192 M=4096 r=4096 N=16384: mStrip=512 kBlock=512 rBlock=1024 nBlock=1024 accumulate=float32`,
    trn2: `
K=2048 M=256 r=512 N=2048: mStrip=256 kBlock=256 rBlock=512 nBlock=512 accumulate=float32
K=2048 M=512 r=512 N=2048: mStrip=2048 kBlock=512 rBlock=512 nBlock=512 accumulate=float32
K=2048 M=1024 r=512 N=2048: mStrip=512 kBlock=1024 rBlock=512 nBlock=512 accumulate=float32
K=2048 M=4096 r=512 N=2048: mStrip=512 kBlock=1024 rBlock=512 nBlock=512 accumulate=float32
K=2048 M=256 r=1280 N=8192: mStrip=256 kBlock=512 rBlock=2048 nBlock=1024 accumulate=float32
K=2048 M=512 r=1280 N=8192: mStrip=512 kBlock=512 rBlock=1024 nBlock=512 accumulate=float32
K=2048 M=1024 r=1280 N=8192: mStrip=512 kBlock=512 rBlock=1024 nBlock=512 accumulate=float32
K=2048 M=4096 r=1280 N=8192: mStrip=1024 kBlock=512 rBlock=1024 nBlock=512 accumulate=float32
K=8192 M=256 r=1280 N=2048: mStrip=256 kBlock=512 rBlock=2048 nBlock=1024 accumulate=float32
K=8192 M=512 r=1280 N=2048: mStrip=512 kBlock=512 rBlock=1024 nBlock=512 accumulate=float32
K=8192 M=1024 r=1280 N=2048: mStrip=512 kBlock=512 rBlock=1024 nBlock=512 accumulate=float32
K=8192 M=4096 r=1280 N=2048: mStrip=1024 kBlock=512 rBlock=1024 nBlock=512 accumulate=float32
K=3072 M=256 r=1792 N=8192: mStrip=256 kBlock=512 rBlock=2048 nBlock=1024 accumulate=float32
K=3072 M=512 r=1792 N=8192: mStrip=2048 kBlock=512 rBlock=512 nBlock=512 accumulate=float32
K=3072 M=1024 r=1792 N=8192: mStrip=512 kBlock=512 rBlock=512 nBlock=512 accumulate=float32
K=3072 M=4096 r=1792 N=8192: mStrip=512 kBlock=512 rBlock=512 nBlock=512 accumulate=float32
K=8192 M=256 r=1792 N=3072: mStrip=256 kBlock=512 rBlock=2048 nBlock=512 accumulate=float32
K=8192 M=512 r=1792 N=3072: mStrip=2048 kBlock=512 rBlock=512 nBlock=512 accumulate=float32
K=8192 M=1024 r=1792 N=3072: mStrip=512 kBlock=512 rBlock=512 nBlock=512 accumulate=float32
K=8192 M=4096 r=1792 N=3072: mStrip=512 kBlock=512 rBlock=512 nBlock=512 accumulate=float32
K=4096 M=256 r=2560 N=14336: mStrip=256 kBlock=512 rBlock=2048 nBlock=1024 accumulate=float32
K=4096 M=512 r=2560 N=14336: mStrip=2048 kBlock=512 rBlock=512 nBlock=512 accumulate=float32
K=4096 M=1024 r=2560 N=14336: mStrip=1024 kBlock=512 rBlock=2048 nBlock=512 accumulate=float32
K=4096 M=4096 r=2560 N=14336: mStrip=512 kBlock=512 rBlock=1024 nBlock=512 accumulate=float32
K=14336 M=256 r=2560 N=4096: mStrip=256 kBlock=512 rBlock=2048 nBlock=1024 accumulate=float32
K=14336 M=512 r=2560 N=4096: mStrip=512 kBlock=512 rBlock=1024 nBlock=512 accumulate=float32
K=14336 M=1024 r=2560 N=4096: mStrip=1024 kBlock=512 rBlock=2048 nBlock=512 accumulate=float32
K=14336 M=4096 r=2560 N=4096: mStrip=512 kBlock=512 rBlock=1024 nBlock=512 accumulate=float32
K=8192 M=256 r=5120 N=28672: mStrip=1024 kBlock=512 rBlock=1024 nBlock=1024 accumulate=float32
K=8192 M=512 r=5120 N=28672: mStrip=512 kBlock=512 rBlock=2048 nBlock=512 accumulate=float32
K=8192 M=1024 r=5120 N=28672: mStrip=512 kBlock=512 rBlock=2048 nBlock=512 accumulate=float32
K=8192 M=4096 r=5120 N=28672: mStrip=512 kBlock=512 rBlock=2048 nBlock=512 accumulate=float32
K=28672 M=256 r=5120 N=8192: mStrip=1024 kBlock=512 rBlock=1024 nBlock=1024 accumulate=float32
K=28672 M=512 r=5120 N=8192: mStrip=512 kBlock=512 rBlock=2048 nBlock=512 accumulate=float32
K=28672 M=1024 r=5120 N=8192: mStrip=512 kBlock=512 rBlock=2048 nBlock=512 accumulate=float32
K=28672 M=4096 r=5120 N=8192: mStrip=512 kBlock=512 rBlock=2048 nBlock=512 accumulate=float32
K=8192 M=256 r=4096 N=16384: mStrip=1024 kBlock=512 rBlock=1024 nBlock=1024 accumulate=float32
K=8192 M=512 r=4096 N=16384: mStrip=512 kBlock=512 rBlock=1024 nBlock=512 accumulate=float32
K=8192 M=1024 r=4096 N=16384: mStrip=1024 kBlock=512 rBlock=2048 nBlock=512 accumulate=float32
K=8192 M=4096 r=4096 N=16384: mStrip=1024 kBlock=512 rBlock=1024 nBlock=512 accumulate=float32`,
  },
  fused_mlp: {
    trn1: `
M=256 K=2048 r=512 N=2048: mStrip=256 kBlock=1024 rBlock=512 nBlock=1024 accumulate=float32 transposeBy=tensor
M=512 K=2048 r=512 N=2048: mStrip=512 kBlock=1024 rBlock=512 nBlock=512 accumulate=input transposeBy=tensor
M=1024 K=2048 r=512 N=2048: mStrip=1024 kBlock=1024 rBlock=512 nBlock=1024 accumulate=float32 transposeBy=tensor
M=4096 K=2048 r=512 N=2048: mStrip=512 kBlock=512 rBlock=512 nBlock=1024 accumulate=input transposeBy=tensor
M=256 K=2048 r=1280 N=8192: mStrip=256 kBlock=512 rBlock=1024 nBlock=1024 accumulate=float32 transposeBy=tensor
M=512 K=2048 r=1280 N=8192: mStrip=512 kBlock=512 rBlock=2048 nBlock=512 accumulate=float32 transposeBy=tensor
M=1024 K=2048 r=1280 N=8192: mStrip=1024 kBlock=1024 rBlock=1024 nBlock=512 accumulate=float32 transposeBy=tensor
M=4096 K=2048 r=1280 N=8192: mStrip=1024 kBlock=1024 rBlock=1024 nBlock=512 accumulate=float32 transposeBy=tensor
M=256 K=3072 r=1792 N=8192: mStrip=256 kBlock=512 rBlock=1024 nBlock=1024 accumulate=float32 transposeBy=tensor
M=512 K=3072 r=1792 N=8192: mStrip=512 kBlock=512 rBlock=1024 nBlock=512 accumulate=float32 transposeBy=tensor
M=1024 K=3072 r=1792 N=8192: mStrip=1024 kBlock=512 rBlock=1024 nBlock=512 accumulate=input transposeBy=dma
M=4096 K=3072 r=1792 N=8192: mStrip=1024 kBlock=512 rBlock=1024 nBlock=512 accumulate=input transposeBy=dma
M=256 K=4096 r=2560 N=14336: mStrip=256 kBlock=256 rBlock=2048 nBlock=1024 accumulate=float32 transposeBy=tensor
M=512 K=4096 r=2560 N=14336: mStrip=512 kBlock=1024 rBlock=2048 nBlock=512 accumulate=float32 transposeBy=tensor
M=1024 K=4096 r=2560 N=14336: mStrip=1024 kBlock=512 rBlock=2048 nBlock=256 accumulate=input transposeBy=dma
M=4096 K=4096 r=2560 N=14336: mStrip=512 kBlock=512 rBlock=2048 nBlock=512 accumulate=input transposeBy=dma
M=256 K=8192 r=5120 N=28672: mStrip=256 kBlock=256 rBlock=2048 nBlock=512 accumulate=input transposeBy=dma
M=512 K=8192 r=5120 N=28672: mStrip=512 kBlock=512 rBlock=1024 nBlock=256 accumulate=input transposeBy=dma
M=1024 K=8192 r=5120 N=28672: mStrip=512 kBlock=1024 rBlock=2048 nBlock=256 accumulate=input transposeBy=tensor
M=4096 K=8192 r=5120 N=28672: mStrip=512 kBlock=1024 rBlock=2048 nBlock=256 accumulate=input transposeBy=tensor
M=256 K=8192 r=4096 N=16384: mStrip=256 kBlock=1024 rBlock=2048 nBlock=512 accumulate=float32 transposeBy=tensor
M=512 K=8192 r=4096 N=16384: mStrip=512 kBlock=512 rBlock=512 nBlock=512 accumulate=input transposeBy=tensor
M=1024 K=8192 r=4096 N=16384: mStrip=512 kBlock=512 rBlock=512 nBlock=512 accumulate=input transposeBy=tensor
M=4096 K=8192 r=4096 N=16384: mStrip=512 kBlock=512 rBlock=512 nBlock=512 accumulate=input transposeBy=tensor`,
    trn2: `
M=256 K=2048 r=512 N=2048: mStrip=256 kBlock=1024 rBlock=512 nBlock=1024 accumulate=float32 transposeBy=tensor
M=512 K=2048 r=512 N=2048: mStrip=512 kBlock=1024 rBlock=512 nBlock=1024 accumulate=input transposeBy=tensor
M=1024 K=2048 r=512 N=2048: mStrip=1024 kBlock=1024 rBlock=512 nBlock=512 accumulate=input transposeBy=tensor
M=4096 K=2048 r=512 N=2048: mStrip=512 kBlock=1024 rBlock=512 nBlock=1024 accumulate=float32 transposeBy=dma
M=256 K=2048 r=1280 N=8192: mStrip=256 kBlock=1024 rBlock=1024 nBlock=1024 accumulate=float32 transposeBy=tensor
M=512 K=2048 r=1280 N=8192: mStrip=512 kBlock=1024 rBlock=1024 nBlock=512 accumulate=float32 transposeBy=tensor
M=1024 K=2048 r=1280 N=8192: mStrip=1024 kBlock=512 rBlock=1024 nBlock=512 accumulate=float32 transposeBy=dma
M=4096 K=2048 r=1280 N=8192: mStrip=1024 kBlock=512 rBlock=1024 nBlock=512 accumulate=float32 transposeBy=dma
M=256 K=3072 r=1792 N=8192: mStrip=256 kBlock=512 rBlock=2048 nBlock=512 accumulate=float32 transposeBy=dma
M=512 K=3072 r=1792 N=8192: mStrip=512 kBlock=512 rBlock=1024 nBlock=512 accumulate=float32 transposeBy=dma
M=1024 K=3072 r=1792 N=8192: mStrip=1024 kBlock=512 rBlock=1024 nBlock=512 accumulate=float32 transposeBy=dma
M=4096 K=3072 r=1792 N=8192: mStrip=1024 kBlock=512 rBlock=512 nBlock=512 accumulate=input transposeBy=dma
M=256 K=4096 r=2560 N=14336: mStrip=256 kBlock=512 rBlock=2048 nBlock=1024 accumulate=float32 transposeBy=tensor
M=512 K=4096 r=2560 N=14336: mStrip=512 kBlock=512 rBlock=1024 nBlock=512 accumulate=float32 transposeBy=dma
M=1024 K=4096 r=2560 N=14336: mStrip=1024 kBlock=512 rBlock=1024 nBlock=512 accumulate=input transposeBy=dma
M=4096 K=4096 r=2560 N=14336: mStrip=1024 kBlock=512 rBlock=2048 nBlock=512 accumulate=input transposeBy=dma
M=256 K=8192 r=5120 N=28672: mStrip=256 kBlock=512 rBlock=2048 nBlock=512 accumulate=input transposeBy=dma
M=512 K=8192 r=5120 N=28672: mStrip=512 kBlock=1024 rBlock=2048 nBlock=256 accumulate=input transposeBy=dma
M=1024 K=8192 r=5120 N=28672: mStrip=512 kBlock=512 rBlock=1024 nBlock=512 accumulate=input transposeBy=dma
M=4096 K=8192 r=5120 N=28672: mStrip=512 kBlock=512 rBlock=1024 nBlock=512 accumulate=input transposeBy=dma
M=256 K=8192 r=4096 N=16384: mStrip=256 kBlock=512 rBlock=2048 nBlock=512 accumulate=float32 transposeBy=dma
M=512 K=8192 r=4096 N=16384: mStrip=512 kBlock=512 rBlock=1024 nBlock=512 accumulate=input transposeBy=dma
M=1024 K=8192 r=4096 N=16384: mStrip=512 kBlock=512 rBlock=1024 nBlock=512 accumulate=input transposeBy=dma
M=4096 K=8192 r=4096 N=16384: mStrip=512 kBlock=512 rBlock=1024 nBlock=512 accumulate=input transposeBy=dma`,
  },
  matmul_fully_optimized: {
    trn1: `
K=2048 M=128 N=2048: mBlock=256 nBlock=1024 kBlock=256 accumulate=float32 outermost=rows
K=2048 M=512 N=2048: mBlock=512 nBlock=1024 kBlock=512 accumulate=float32 outermost=columns
K=2048 M=2048 N=2048: mBlock=512 nBlock=1024 kBlock=512 accumulate=float32 outermost=rows
K=2048 M=8192 N=2048: mBlock=512 nBlock=1024 kBlock=1024 accumulate=float32 outermost=rows
K=2048 M=32768 N=2048: mBlock=512 nBlock=1024 kBlock=1024 accumulate=float32 outermost=rows
K=2048 M=128 N=8192: mBlock=256 nBlock=1024 kBlock=256 accumulate=float32 outermost=rows
K=2048 M=512 N=8192: mBlock=512 nBlock=2048 kBlock=512 accumulate=float32 outermost=columns
K=2048 M=2048 N=8192: mBlock=512 nBlock=1024 kBlock=2048 accumulate=float32 outermost=columns
K=2048 M=8192 N=8192: mBlock=512 nBlock=512 kBlock=512 accumulate=float32 outermost=rows
K=2048 M=32768 N=8192: mBlock=512 nBlock=512 kBlock=512 accumulate=float32 outermost=rows
K=8192 M=128 N=2048: mBlock=256 nBlock=1024 kBlock=256 accumulate=float32 outermost=rows
K=8192 M=512 N=2048: mBlock=512 nBlock=1024 kBlock=512 accumulate=float32 outermost=rows
K=8192 M=2048 N=2048: mBlock=512 nBlock=1024 kBlock=512 accumulate=float32 outermost=rows
K=8192 M=8192 N=2048: mBlock=512 nBlock=1024 kBlock=1024 accumulate=float32 outermost=rows
K=8192 M=32768 N=2048: mBlock=1024 nBlock=512 kBlock=2048 accumulate=float32 outermost=rows
K=3072 M=128 N=8192: mBlock=256 nBlock=1024 kBlock=256 accumulate=float32 outermost=rows
K=3072 M=512 N=8192: mBlock=512 nBlock=2048 kBlock=512 accumulate=float32 outermost=columns
K=3072 M=2048 N=8192: mBlock=1024 nBlock=1024 kBlock=1024 accumulate=float32 outermost=columns
K=3072 M=8192 N=8192: mBlock=512 nBlock=1024 kBlock=512 accumulate=float32 outermost=rows
K=3072 M=32768 N=8192: mBlock=512 nBlock=1024 kBlock=512 accumulate=float32 outermost=rows
K=8192 M=128 N=3072: mBlock=256 nBlock=1024 kBlock=256 accumulate=float32 outermost=rows
K=8192 M=512 N=3072: mBlock=512 nBlock=2048 kBlock=512 accumulate=float32 outermost=columns
K=8192 M=2048 N=3072: mBlock=512 nBlock=1024 kBlock=2048 accumulate=float32 outermost=columns
K=8192 M=8192 N=3072: mBlock=512 nBlock=1024 kBlock=2048 accumulate=float32 outermost=rows
K=8192 M=32768 N=3072: mBlock=512 nBlock=1024 kBlock=2048 accumulate=float32 outermost=rows
K=4096 M=128 N=14336: mBlock=256 nBlock=1024 kBlock=256 accumulate=float32 outermost=rows
K=4096 M=512 N=14336: mBlock=512 nBlock=2048 kBlock=1024 accumulate=float32 outermost=columns
K=4096 M=2048 N=14336: mBlock=512 nBlock=1024 kBlock=2048 accumulate=float32 outermost=columns
K=4096 M=8192 N=14336: mBlock=1024 nBlock=512 kBlock=512 accumulate=float32 outermost=columns
K=4096 M=32768 N=14336: mBlock=256 nBlock=1024 kBlock=512 accumulate=float32 outermost=rows
K=14336 M=128 N=4096: mBlock=256 nBlock=1024 kBlock=256 accumulate=float32 outermost=rows
K=14336 M=512 N=4096: mBlock=512 nBlock=1024 kBlock=512 accumulate=float32 outermost=rows
K=14336 M=2048 N=4096: mBlock=512 nBlock=1024 kBlock=2048 accumulate=float32 outermost=columns
K=14336 M=8192 N=4096: mBlock=512 nBlock=1024 kBlock=2048 accumulate=float32 outermost=rows
K=14336 M=32768 N=4096: mBlock=512 nBlock=1024 kBlock=2048 accumulate=float32 outermost=rows
K=8192 M=128 N=28672: mBlock=256 nBlock=1024 kBlock=512 accumulate=float32 outermost=rows
K=8192 M=512 N=28672: mBlock=512 nBlock=2048 kBlock=1024 accumulate=float32 outermost=columns
K=8192 M=2048 N=28672: mBlock=512 nBlock=1024 kBlock=2048 accumulate=float32 outermost=columns
K=8192 M=8192 N=28672: mBlock=1024 nBlock=512 kBlock=512 accumulate=float32 outermost=columns
K=8192 M=32768 N=28672: mBlock=2048 nBlock=1024 kBlock=2048 accumulate=float32 outermost=rows
K=28672 M=128 N=8192: mBlock=256 nBlock=1024 kBlock=256 accumulate=float32 outermost=rows
K=28672 M=512 N=8192: mBlock=512 nBlock=2048 kBlock=512 accumulate=float32 outermost=columns
K=28672 M=2048 N=8192: mBlock=512 nBlock=1024 kBlock=2048 accumulate=float32 outermost=columns
K=28672 M=8192 N=8192: mBlock=512 nBlock=1024 kBlock=512 accumulate=float32 outermost=rows
K=28672 M=32768 N=8192: mBlock=512 nBlock=1024 kBlock=512 accumulate=float32 outermost=rows
K=8192 M=128 N=16384: mBlock=256 nBlock=1024 kBlock=256 accumulate=float32 outermost=rows
K=8192 M=512 N=16384: mBlock=512 nBlock=2048 kBlock=1024 accumulate=float32 outermost=columns
K=8192 M=2048 N=16384: mBlock=512 nBlock=1024 kBlock=2048 accumulate=float32 outermost=columns
K=8192 M=8192 N=16384: mBlock=1024 nBlock=512 kBlock=512 accumulate=float32 outermost=columns
K=8192 M=32768 N=16384: mBlock=256 nBlock=1024 kBlock=1024 accumulate=float32 outermost=rows`,
    trn2: `
K=2048 M=128 N=2048: mBlock=256 nBlock=2048 kBlock=256 accumulate=float32 outermost=columns
K=2048 M=512 N=2048: mBlock=512 nBlock=1024 kBlock=512 accumulate=float32 outermost=columns
K=2048 M=2048 N=2048: mBlock=512 nBlock=512 kBlock=1024 accumulate=float32 outermost=rows
K=2048 M=8192 N=2048: mBlock=512 nBlock=512 kBlock=1024 accumulate=float32 outermost=rows
K=2048 M=32768 N=2048: mBlock=1024 nBlock=512 kBlock=2048 accumulate=float32 outermost=rows
K=2048 M=128 N=8192: mBlock=256 nBlock=2048 kBlock=256 accumulate=float32 outermost=rows
K=2048 M=512 N=8192: mBlock=512 nBlock=1024 kBlock=512 accumulate=float32 outermost=columns
K=2048 M=2048 N=8192: mBlock=512 nBlock=512 kBlock=2048 accumulate=float32 outermost=columns
K=2048 M=8192 N=8192: mBlock=256 nBlock=1024 kBlock=2048 accumulate=float32 outermost=rows
K=2048 M=32768 N=8192: mBlock=256 nBlock=1024 kBlock=2048 accumulate=float32 outermost=rows
K=8192 M=128 N=2048: mBlock=256 nBlock=2048 kBlock=256 accumulate=float32 outermost=columns
K=8192 M=512 N=2048: mBlock=512 nBlock=1024 kBlock=512 accumulate=float32 outermost=columns
K=8192 M=2048 N=2048: mBlock=512 nBlock=512 kBlock=1024 accumulate=float32 outermost=rows
K=8192 M=8192 N=2048: mBlock=1024 nBlock=512 kBlock=2048 accumulate=float32 outermost=rows
K=8192 M=32768 N=2048: mBlock=1024 nBlock=512 kBlock=2048 accumulate=float32 outermost=rows
K=3072 M=128 N=8192: mBlock=256 nBlock=2048 kBlock=256 accumulate=float32 outermost=rows
K=3072 M=512 N=8192: mBlock=512 nBlock=1024 kBlock=512 accumulate=float32 outermost=columns
K=3072 M=2048 N=8192: mBlock=512 nBlock=512 kBlock=2048 accumulate=float32 outermost=columns
K=3072 M=8192 N=8192: mBlock=256 nBlock=1024 kBlock=2048 accumulate=float32 outermost=rows
K=3072 M=32768 N=8192: mBlock=256 nBlock=1024 kBlock=2048 accumulate=float32 outermost=rows
K=8192 M=128 N=3072: mBlock=256 nBlock=2048 kBlock=256 accumulate=float32 outermost=rows
K=8192 M=512 N=3072: mBlock=512 nBlock=1024 kBlock=512 accumulate=float32 outermost=columns
K=8192 M=2048 N=3072: mBlock=512 nBlock=512 kBlock=1024 accumulate=float32 outermost=rows
K=8192 M=8192 N=3072: mBlock=512 nBlock=512 kBlock=2048 accumulate=float32 outermost=rows
K=8192 M=32768 N=3072: mBlock=1024 nBlock=512 kBlock=2048 accumulate=float32 outermost=rows
K=4096 M=128 N=14336: mBlock=256 nBlock=2048 kBlock=256 accumulate=float32 outermost=rows
K=4096 M=512 N=14336: mBlock=512 nBlock=1024 kBlock=512 accumulate=float32 outermost=columns
K=4096 M=2048 N=14336: mBlock=512 nBlock=512 kBlock=2048 accumulate=float32 outermost=columns
K=4096 M=8192 N=14336: mBlock=512 nBlock=512 kBlock=2048 accumulate=float32 outermost=columns
K=4096 M=32768 N=14336: mBlock=256 nBlock=1024 kBlock=1024 accumulate=float32 outermost=rows
K=14336 M=128 N=4096: mBlock=256 nBlock=2048 kBlock=256 accumulate=float32 outermost=rows
K=14336 M=512 N=4096: mBlock=512 nBlock=1024 kBlock=512 accumulate=float32 outermost=columns
K=14336 M=2048 N=4096: mBlock=512 nBlock=512 kBlock=2048 accumulate=float32 outermost=rows
K=14336 M=8192 N=4096: mBlock=512 nBlock=512 kBlock=2048 accumulate=float32 outermost=rows
K=14336 M=32768 N=4096: mBlock=512 nBlock=512 kBlock=2048 accumulate=float32 outermost=rows
K=8192 M=128 N=28672: mBlock=256 nBlock=2048 kBlock=512 accumulate=float32 outermost=rows
K=8192 M=512 N=28672: mBlock=256 nBlock=2048 kBlock=1024 accumulate=float32 outermost=columns
K=8192 M=2048 N=28672: mBlock=512 nBlock=512 kBlock=1024 accumulate=float32 outermost=columns
K=8192 M=8192 N=28672: mBlock=512 nBlock=512 kBlock=2048 accumulate=float32 outermost=columns
K=8192 M=32768 N=28672: mBlock=2048 nBlock=512 kBlock=2048 accumulate=float32 outermost=rows
K=28672 M=128 N=8192: mBlock=256 nBlock=2048 kBlock=256 accumulate=float32 outermost=rows
K=28672 M=512 N=8192: mBlock=256 nBlock=2048 kBlock=1024 accumulate=float32 outermost=columns
K=28672 M=2048 N=8192: mBlock=512 nBlock=1024 kBlock=2048 accumulate=float32 outermost=columns
K=28672 M=8192 N=8192: mBlock=256 nBlock=1024 kBlock=2048 accumulate=float32 outermost=rows
K=28672 M=32768 N=8192: mBlock=256 nBlock=1024 kBlock=2048 accumulate=float32 outermost=rows
K=8192 M=128 N=16384: mBlock=256 nBlock=2048 kBlock=256 accumulate=float32 outermost=rows
K=8192 M=512 N=16384: mBlock=512 nBlock=1024 kBlock=512 accumulate=float32 outermost=columns
K=8192 M=2048 N=16384: mBlock=512 nBlock=512 kBlock=2048 accumulate=float32 outermost=columns
K=8192 M=8192 N=16384: mBlock=512 nBlock=512 kBlock=2048 accumulate=float32 outermost=columns
K=8192 M=32768 N=16384: mBlock=256 nBlock=1024 kBlock=1024 accumulate=float32 outermost=rows`,
  },
}
