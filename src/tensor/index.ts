/** Number formats as they are on the machine, and tensors of them. */
export { type Comparison, compare } from './compare.ts'
export { bfloat16FromFloat32, decodeInto, encodeInto, roundInPlace } from './convert.ts'
export { DTYPES, type Dtype, type DtypeInfo, dtypeInfo, type Storage } from './dtype.ts'
export { type RandomOptions, randomTensor } from './random.ts'
export { Tensor } from './tensor.ts'
export { tolerance } from './tolerance.ts'
