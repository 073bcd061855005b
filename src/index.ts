/** NeuronMM: kernels for NeuronCores and fused engines for the host. Each layer is also a sub-path export. */
export * from './tensor/index.ts'
