import type { Family } from '../family.ts'

export const MLP: readonly Family[] = []
