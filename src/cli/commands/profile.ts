/** `neuronmm profile NAME`: modelled time, traffic and memory of a kernel on a NeuronCore, and what to do about them. */
import type { Command } from 'commander'
import {
  type LaunchProfile,
  type MemoryMap,
  type Profile,
  type Sensitivity,
  traceOf,
} from '../../simulate/index.ts'
import { kernelCommand, outputOption, withCores } from '../arguments.ts'
import { interruptible } from '../interrupt.ts'
import { assignments, bytes, printJson, table } from '../output.ts'
import {
  documentOf,
  type ProfileArguments,
  type ProfiledKernel,
  profiled,
  targetOption,
} from '../profiling.ts'
import { checkWritable, writeWhole } from '../whole-files.ts'

export function register(program: Command): void {
  withCores(kernelCommand(program, 'profile', 'model the time, HBM traffic and SBUF use of a kernel'))
    .addOption(targetOption())
    .option(
      '--sensitivity',
      'say what the time hinges on: buffering, and calibrated numbers (a dozen profiles; one core)',
    )
    .addOption(outputOption('--trace <file>', 'write a timeline for ui.perfetto.dev'))
    .option('--details', 'with --json: also who lives where in SBUF and PSUM, and instructions by op')
    .action((name: string, args: ProfileArguments & { trace?: string; details?: boolean }) => {
      if (args.trace !== undefined) checkWritable(args.trace)
      const result = interruptible(() => profiled(name, args, args.trace !== undefined))
      if (args.trace !== undefined) writeTrace(args.trace, result)
      if (args.json) printJson(documentOf(result, args, args.details ?? false))
      else console.log(report(result, args))
    })
}

function writeTrace(path: string, { kernel, profile }: ProfiledKernel): void {
  const { text, slices, dropped, pieces } = interruptible(() => {
    const { file, ...summary } = traceOf(kernel.name, profile.timeline!)
    return { text: JSON.stringify(file), ...summary }
  })
  writeWhole(path, text)
  console.error(`${path}: ${slices} slices; open it at ui.perfetto.dev`)
  if (dropped > 0)
    console.error(
      `The run is too long to be shown whole: ${pieces} pieces of it, spread evenly; between them ${dropped} of ${slices + dropped} instructions are left out.`,
    )
}

const ms = (seconds: number): string => (seconds * 1e3).toFixed(3)
const percent = (value: number): string => `${value.toFixed(1)} %`

function report(result: ProfiledKernel, { shape, dtype, target }: ProfileArguments): string {
  const { kernel, scheduleName, device, profile, launch } = result
  const lines = [
    `${kernel.name} (${scheduleName}) on ${target}, ${device.core}: ${assignments(shape)}, ${dtype}. Modelled, not measured.`,
    ...(launch === null ? [] : [sharing(launch)]),
    '',
    times(profile),
    '',
    traffic(profile),
    '',
    memoryTable(profile.memory),
  ]
  if (result.sensitivity) lines.push('', hinges(result.sensitivity))
  if (profile.advice.length > 0) lines.push('', ...profile.advice.map(({ rule, text }) => `${rule}: ${text}`))
  return lines.join('\n')
}

const sharing = ({ split, cores, ...launch }: LaunchProfile): string =>
  `${cores.length} cores share ${split.dim} (${cores.map(({ size }) => size).join(' + ')}). Together they read ${bytes(launch.hbm_read_bytes)} and write ${bytes(launch.hbm_write_bytes)} in ${ms(launch.total_time)} ms; below is the slowest.`

function hinges({ buffering: b, numbers }: Sensitivity): string {
  const signed = (x: number): string => `${x < 0 ? '−' : '+'}${Math.abs(x).toFixed(1)} %`
  const rows = numbers.map(({ name, value, unit, lowerPercent, higherPercent }) => [
    name,
    `${value} ${unit}`,
    signed(lowerPercent),
    signed(higherPercent),
  ])
  return [
    `Buffers: ${ms(b.single)} ms with single copies, ${ms(b.assumed)} as assumed, ${ms(b.unlimited)} with unlimited SBUF.`,
    table(['calibrated number', 'value', 'time, 10 % lower (counts: half)', '10 % higher (twice)'], rows),
  ].join('\n')
}

function times({ metrics: m, bounds }: Profile): string {
  const of = (time: number): string => percent((100 * time) / m.total_time)
  return table(
    ['time', 'ms', 'of total'],
    [
      ['total', ms(m.total_time), ''],
      ['bound by compute', ms(bounds.compute), of(bounds.compute)],
      ['bound by memory', ms(bounds.memory), of(bounds.memory)],
      ['launch', ms(bounds.launch), of(bounds.launch)],
      ['tensor engine', ms(m.tensor_engine_active_time), percent(m.tensor_engine_active_time_percent)],
      ['vector engine', ms(m.vector_engine_active_time), percent(m.vector_engine_active_time_percent)],
      ['scalar engine', ms(m.scalar_engine_active_time), percent(m.scalar_engine_active_time_percent)],
      ['gpsimd engine', ms(m.gpsimd_engine_active_time), percent(m.gpsimd_engine_active_time_percent)],
      ['DMA', ms(m.dma_active_time), percent(m.dma_active_time_percent)],
    ],
  )
}

function traffic({ asWritten, metrics: m, bounds, traffic: t }: Profile): string {
  const sum = (read: number, write: number) => [bytes(read), bytes(write), bytes(read + write)]
  return [
    table(
      ['HBM traffic', 'read', 'written', 'sum'],
      [
        ['compulsory', '', '', bytes(bounds.compulsoryBytes)],
        ['as written', ...sum(asWritten.hbm_read_bytes, asWritten.hbm_write_bytes)],
        ['modelled', ...sum(m.hbm_read_bytes, m.hbm_write_bytes)],
        ['  of it spills', ...sum(m.spill_reload_bytes, m.spill_save_bytes)],
        ['  of it re-read', bytes(t.rereadBytes), '', bytes(t.rereadBytes)],
      ],
    ),
    '',
    `HFU ${percent(m.hfu_estimated_percent)}, MFU ${percent(m.mfu_estimated_percent)}, MBU ${percent(m.mbu_estimated_percent)}; ${m.mm_arithmetic_intensity.toFixed(0)} FLOP/byte (balance at ${m.peak_flops_bandwidth_ratio.toFixed(0)}); ${m.matmul_instruction_count} matmuls, ${m.dma_transfer_count} DMAs of ${bytes(m.dma_transfer_average_bytes)}`,
  ].join('\n')
}

function memoryTable({ capacity, peak, needed, overflows, tenants }: MemoryMap): string {
  const kib = (bytes: number): string => (bytes / 1024).toFixed(1)
  const over = needed > capacity ? `; with one copy of everything it would need ${kib(needed)}` : ''
  const verdict = overflows
    ? `SBUF overflows, so this cannot be compiled: ${kib(peak)} KiB per partition are alive together, even with only a few tiles of what is largest; there are ${kib(capacity)}`
    : `SBUF: ${kib(peak)} of ${kib(capacity)} KiB per partition${over}`
  return [
    verdict,
    table(
      ['buffer', 'memory', 'KiB', 'copies', 'taken', 'address', 'residence', 'shares with', 'allocated at'],
      tenants.map((t) => [
        t.name,
        t.memory,
        kib(t.bytesPerPartition),
        t.copies,
        kib(t.takenBytesPerPartition),
        t.address ?? '-',
        t.residence,
        t.sharesWith.join(' '),
        t.site,
      ]),
    ),
  ].join('\n')
}
