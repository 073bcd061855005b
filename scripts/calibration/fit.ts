/**
 * How firmly each calibrated number stands: refitted to its observations, refitted without each of them in turn, and
 * changed by a tenth.
 */
import { type Calibrated, DEVICES, type Device, isCount, type Quantity } from '../../src/device/index.ts'
import { model, setting } from './model.ts'
import type { Point } from './point.ts'

/** What of a point a number is fitted to: its time, or the busy time of the engine that the number is about. */
const OBSERVABLE: Partial<Record<keyof Calibrated, 'tensor' | 'vector'>> = {
  matmulOverhead: 'tensor',
  reciprocalCycles: 'vector',
}

export function logError(point: Point, name: keyof Calibrated, value: number): number {
  const modelled = model(point, setting(name, value))
  const engine = OBSERVABLE[name]
  return engine
    ? Math.log(modelled.active[engine] / point.active![engine]!)
    : Math.log(modelled.ms / point.ms!)
}

/** Narrowed until the value is known to a thousandth. */
const STEPS = 16
const GOLDEN = (Math.sqrt(5) - 1) / 2

/** The value between a half and twice the given one with the least sum of squared logarithmic errors. */
export function refit(points: readonly Point[], name: keyof Calibrated, around: number): number {
  const cost = (logValue: number): number =>
    points.reduce((sum, point) => sum + logError(point, name, Math.exp(logValue)) ** 2, 0)
  let [low, high] = [Math.log(around / 2), Math.log(around * 2)]
  let [a, b] = [high - GOLDEN * (high - low), low + GOLDEN * (high - low)]
  let [costA, costB] = [cost(a), cost(b)]
  for (let step = 0; step < STEPS; step++)
    if (costA <= costB) {
      ;[high, b, costB] = [b, a, costA]
      a = high - GOLDEN * (high - low)
      costA = cost(a)
    } else {
      ;[low, a, costA] = [a, b, costB]
      b = low + GOLDEN * (high - low)
      costB = cost(b)
    }
  return Math.exp((low + high) / 2)
}

export interface Fitted {
  readonly device: Device
  readonly name: keyof Calibrated
  readonly quantity: Quantity
  readonly points: readonly Point[]
  /** Fitted to all of its points; null for a count. */
  readonly value: number | null
  /** Without each point in turn: the value, and the error on that point. */
  readonly leftOut: readonly { readonly point: Point; readonly value: number; readonly error: number }[]
}

export function fitted(
  device: Device,
  name: keyof Calibrated,
  quantity: Quantity,
  points: readonly Point[],
): Fitted {
  const own = points.filter((point) => point.target === device.name && point.calibrates?.includes(name))
  // counts are compared with their neighbours, not fitted
  const fixed = isCount(name) || own.length === 0
  const leftOut =
    fixed || own.length < 2
      ? []
      : own.map((point) => {
          const value = refit(
            own.filter((other) => other !== point),
            name,
            quantity.value,
          )
          return { point, value, error: Math.exp(logError(point, name, value)) - 1 }
        })
  return {
    device,
    name,
    quantity,
    points: own,
    value: fixed ? null : refit(own, name, quantity.value),
    leftOut,
  }
}

/** The calibrated numbers of the devices that somebody has measured. */
export const calibratedNumbers = (): { device: Device; name: keyof Calibrated; quantity: Quantity }[] =>
  Object.values(DEVICES)
    .filter((device) => device.unvalidated === null)
    .flatMap((device) =>
      Object.entries(device.calibrated).map(([name, quantity]) => ({
        device,
        name: name as keyof Calibrated,
        quantity: quantity as Quantity,
      })),
    )
