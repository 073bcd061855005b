import type { Family } from '../family.ts'

export const MATMUL: readonly Family[] = []
