/** The kernel library, naive to best in each folder. Named without a suffix, a kernel is a dispatcher (family.ts). */
import { ArgumentError } from '../nki/index.ts'
import { alone, type Family, formsOf } from './family.ts'
import { LOWRANK } from './lowrank/index.ts'
import { MATMUL } from './matmul/index.ts'
import { MLP } from './mlp/index.ts'

export { EXACT_SUMS } from './blocks.ts'
export { EQUAL_TIME, worthRounding } from './defaults.ts'
export {
  alone,
  type Choice,
  checkSchedule,
  choose,
  type Family,
  formsFor,
  formsOf,
  type ScheduleRequest,
  traceChoice,
  withinLimits,
} from './family.ts'

export { TUNED_KERNELS, type TunedKernel } from './tuned/index.ts'

export const FAMILIES: readonly Family[] = [...MATMUL, ...LOWRANK, ...MLP]

/** A family by the name of it, or of one of its special forms (which is then the only one). @throws ArgumentError */
export function findFamily(name: string): Family {
  for (const family of FAMILIES) {
    if (family.name === name) return family
    const form = family.special.find((kernel) => kernel.name === name)
    if (form) return alone(family, form)
  }
  const names = FAMILIES.flatMap(formsOf).map((kernel) => kernel.name)
  throw new ArgumentError(`no kernel ${name}; there are ${names.join(', ')}`)
}
