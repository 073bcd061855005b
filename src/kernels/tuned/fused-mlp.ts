/** Written by `npm run tune-defaults`: the best schedules on the model, in bfloat16. ../defaults.ts says how they are used. */
export const FUSED_MLP = {
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
M=4096 K=4096 r=2560 N=14336: mStrip=1024 kBlock=512 rBlock=2048 nBlock=256 accumulate=input transposeBy=dma
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
M=4096 K=4096 r=2560 N=14336: mStrip=1024 kBlock=512 rBlock=1024 nBlock=512 accumulate=input transposeBy=dma
M=256 K=8192 r=5120 N=28672: mStrip=256 kBlock=512 rBlock=2048 nBlock=512 accumulate=input transposeBy=dma
M=512 K=8192 r=5120 N=28672: mStrip=512 kBlock=1024 rBlock=2048 nBlock=256 accumulate=input transposeBy=dma
M=1024 K=8192 r=5120 N=28672: mStrip=512 kBlock=512 rBlock=1024 nBlock=512 accumulate=input transposeBy=dma
M=4096 K=8192 r=5120 N=28672: mStrip=512 kBlock=512 rBlock=1024 nBlock=512 accumulate=input transposeBy=dma
M=256 K=8192 r=4096 N=16384: mStrip=256 kBlock=512 rBlock=2048 nBlock=512 accumulate=float32 transposeBy=dma
M=512 K=8192 r=4096 N=16384: mStrip=512 kBlock=512 rBlock=1024 nBlock=512 accumulate=input transposeBy=dma
M=1024 K=8192 r=4096 N=16384: mStrip=512 kBlock=512 rBlock=1024 nBlock=512 accumulate=input transposeBy=dma
M=4096 K=8192 r=4096 N=16384: mStrip=512 kBlock=512 rBlock=1024 nBlock=512 accumulate=input transposeBy=dma`,
}
