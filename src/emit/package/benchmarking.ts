/** benchmarking.py of an emitted package: what the scripts of both dialects share. */
import type { Dims } from '../../nki/index.ts'
import { WRITTEN_BY } from '../dialect.ts'

export interface BenchmarkedKernel {
  readonly name: string
  readonly role: 'kernel' | 'baseline'
  /** [rows, columns] of each input, by dimension. */
  readonly inputs: readonly (readonly [string, string])[]
  /** The most rows that it takes; null for any number. */
  readonly rows: number | null
}

export const benchmarking = (kernels: readonly BenchmarkedKernel[], dims: Dims): string =>
  `"""What the benchmarks of both dialects share: kernels, shapes, percentiles, and the table.

${WRITTEN_BY}
"""

import argparse
import json
from collections import namedtuple

Kernel = namedtuple("Kernel", "name role inputs max_rows")
PERCENTILES = (0, 1, 10, 25, 50, 90, 99, 100)

# inputs by their dimensions: M rows, K in-features, r rank, N out-features
KERNELS = [
${kernels.map(line).join('\n')}
]


def arguments(description):
    parser = argparse.ArgumentParser(description=description)
${Object.entries(dims)
  .map(
    ([dim, size]) =>
      `    parser.add_argument("--${dim}", type=int, default=${size}, help="${WORDS[dim] ?? dim}")`,
  )
  .join('\n')}
    parser.add_argument("--dtype", choices=("bfloat16", "float16", "float32"), default="bfloat16")
    parser.add_argument("--warmup", type=int, default=10, help="executions that are not timed")
    parser.add_argument("--iters", type=int, default=100, help="executions that are")
    parser.add_argument("--kernel", action="append", help="one kernel; may be given several times")
    parser.add_argument("--compile-opt", default="", help="options for the compiler (legacy)")
    parser.add_argument("--json", metavar="FILE", help="write the latencies to a file as well")
    args = parser.parse_args()
    unknown = set(args.kernel or ()) - {kernel.name for kernel in KERNELS}
    if unknown:
        parser.error(f"no kernel {', '.join(sorted(unknown))}")
    return args


def percentile(latencies, p):
    """Nearest rank."""
    ordered = sorted(latencies)
    return ordered[min(len(ordered) - 1, round(p / 100 * (len(ordered) - 1)))]


def main(description, measure):
    """Latencies in microseconds, where measure(kernel, shapes, args) gives {percentile: latency}."""
    args = arguments(description)
    results = []
    print(f"{'kernel':32} {'role':9}" + "".join(f"{f'p{p} us':>11}" for p in (1, 50, 90, 99)))
    for kernel in KERNELS:
        if args.kernel and kernel.name not in args.kernel:
            continue
        if kernel.max_rows is not None and args.M > kernel.max_rows:
            print(f"{kernel.name:32} skipped: it takes at most {kernel.max_rows} rows")
            continue
        shapes = [tuple(getattr(args, dim) for dim in dims) for dims in kernel.inputs]
        latency = measure(kernel, shapes, args)
        results.append({"kernel": kernel.name, "role": kernel.role, "shapes": shapes, "us": latency})
        times = "".join(f"{latency[p]:11.1f}" for p in (1, 50, 90, 99))
        print(f"{kernel.name:32} {kernel.role:9}{times}", flush=True)
    if args.json:
        with open(args.json, "w", encoding="utf-8") as file:
            json.dump({"arguments": vars(args), "results": results}, file, indent=2)
`

const WORDS: Readonly<Record<string, string>> = { M: 'rows', K: 'in-features', r: 'rank', N: 'out-features' }

const line = ({ name, role, inputs, rows }: BenchmarkedKernel): string => {
  const shapes = inputs.map(([p, f]) => `("${p}", "${f}")`).join(', ')
  const text = `    Kernel("${name}", "${role}", (${shapes}), ${rows ?? 'None'}),`
  if (text.length <= 100) return text
  return [
    '    Kernel(',
    `        "${name}",`,
    `        "${role}",`,
    `        (${shapes}),`,
    `        ${rows ?? 'None'},`,
    '    ),',
  ].join('\n')
}
