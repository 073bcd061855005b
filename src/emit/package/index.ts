/** Every kernel as one Python package. */
export { emitPackage, type PackagedKernel, type PackageOptions } from './package.ts'
