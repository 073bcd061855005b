/** Every kernel as one Python package. */
export { emitPackage, type PackagedKernel, type PackageOptions } from './package.ts'
export { TORCH_DEVICE } from './torch-device.ts'
