/**
 * What every thread runs. `work` takes task numbers of the current job from one shared counter until they run out; a
 * phase that needs the results of earlier ones waits until enough tasks are done. `serve` is a worker's whole life: spin
 * briefly on its mailbox, sleep, work, again. A late thread is harmless: a closed or finished job gives it no task.
 */
import { type Callable, i32, type ModuleBuilder, memory } from '../../../wasm/index.ts'
import {
  AFTER_OFFSET,
  BEGIN_OFFSET,
  END_OFFSET,
  JOB,
  JOB_HEADER_BYTES,
  PHASE_BYTES,
  SLOT_OFFSET,
  TASK_SIGNATURE,
} from './phase.ts'

/**
 * Polls of a word before a thread sleeps on it: about 50 µs at a third of a nanosecond each, what a sleep and a wake-up
 * cost. It covers the end of a phase and what a caller does between two layers.
 */
const SPINS = 150_000
/** Mailbox value that ends a worker. */
export const STOP = -1

export function addExecutor(
  module: ModuleBuilder,
  jobAddress: number,
  finished: Callable<{ params: Record<string, never> }>,
) {
  const job = i32.const(jobAddress)
  const firstPhase = jobAddress + JOB_HEADER_BYTES

  /** Returns when at least `count` tasks are done. */
  const awaitDone = module.function(
    'await_done',
    { params: { count: 'i32', maySleep: 'i32' } },
    (f, { count, maySleep }) => {
      const [done, spins] = [f.local('i32', 'done'), f.local('i32', 'spins')]
      f.block((enough) =>
        f.loop((again) => {
          f.branchIf(enough, i32.ge_u(f.tee(done, i32.atomic.load(job, JOB.done)), count))
          f.increment(spins, 1)
          f.branchIf(again, i32.lt_u(spins, SPINS))
          f.branchIf(again, i32.eqz(maySleep))
          // Counted before sleeping: whoever finishes a task later sees the sleeper, and a task finished sooner has
          // changed the word, so that the wait returns at once.
          f.drop(i32.atomic.add(job, 1, JOB.sleepers))
          f.drop(memory.atomic.wait32(job, done, JOB.done))
          f.drop(i32.atomic.add(job, -1, JOB.sleepers))
          f.branch(again)
        }),
      )
    },
  )

  const work = module.function(
    'work',
    { params: { scratch: 'i32', maySleep: 'i32' } },
    (f, { scratch, maySleep }) => {
      const [task, phase, total] = [f.local('i32', 'task'), f.local('i32', 'phase'), f.local('i32', 'total')]
      const done = f.local('i32', 'done')
      f.block((empty) =>
        f.loop((next) => {
          f.set(task, i32.atomic.add(job, 1, JOB.next))
          f.set(total, i32.atomic.load(job, JOB.total))
          f.branchIf(empty, i32.ge_u(task, total))
          f.set(phase, firstPhase)
          f.block((found) =>
            f.loop((search) => {
              f.branchIf(found, i32.lt_u(task, i32.load(phase, END_OFFSET)))
              f.increment(phase, PHASE_BYTES)
              f.branch(search)
            }),
          )
          f.call(awaitDone, { count: i32.load(phase, AFTER_OFFSET), maySleep })
          f.callIndirect(module.type(TASK_SIGNATURE), i32.load(phase, SLOT_OFFSET), {
            phase,
            index: i32.sub(task, i32.load(phase, BEGIN_OFFSET)),
            scratch,
          })
          // While this task is not counted the job cannot be rewritten: read what follows before.
          const announce = f.local('i32', 'announce')
          f.set(announce, i32.load(job, JOB.announce))
          f.set(done, i32.add(i32.atomic.add(job, 1, JOB.done), 1))
          f.if(i32.atomic.load(job, JOB.sleepers), () => f.drop(memory.atomic.notify(job, -1, JOB.done)))
          f.if(i32.and(i32.eq(done, total), i32.ne(announce, 0)), () => f.call(finished, {}))
          f.branch(next)
        }),
      )
    },
  )
  module.export(work)

  const join = module.function(
    'join',
    { params: { scratch: 'i32', maySleep: 'i32' } },
    (f, { scratch, maySleep }) => {
      f.call(work, { scratch, maySleep })
      f.call(awaitDone, { count: i32.atomic.load(job, JOB.total), maySleep })
    },
  )
  module.export(join)

  const serve = module.function(
    'serve',
    { params: { mailbox: 'i32', scratch: 'i32' } },
    (f, { mailbox, scratch }) => {
      const [seen, letter, spins] = [
        f.local('i32', 'seen'),
        f.local('i32', 'letter'),
        f.local('i32', 'spins'),
      ]
      f.block((stop) =>
        f.loop((again) => {
          f.set(letter, i32.atomic.load(mailbox))
          f.branchIf(stop, i32.eq(letter, STOP))
          f.if(
            i32.eq(letter, seen),
            () => {
              f.increment(spins, 1)
              f.branchIf(again, i32.lt_u(spins, SPINS))
              f.drop(memory.atomic.wait32(mailbox, seen))
            },
            () => {
              f.set(seen, letter)
              f.call(work, { scratch, maySleep: 1 })
            },
          )
          f.set(spins, 0)
          f.branch(again)
        }),
      )
    },
  )
  module.export(serve)
}
