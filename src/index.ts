/** NeuronMM: kernels for NeuronCores and fused engines for the host. Each layer is also a sub-path export. */

export * from './device/index.ts'
export * from './emit/index.ts'
export * from './kernels/index.ts'
export * from './nki/index.ts'
export * from './simulate/index.ts'
export * from './tensor/index.ts'
