import {
  type CpuIdentity,
  foreignBase,
  hasNoBase,
  type OtherKernel,
  type RegisterSet,
  Signs,
} from './cpu-signs.js'
import type { Kernel } from './kernel.js'

/**
 * Whose registers are whose. The position of a note or vCPU is no answer: kernels write no note for CPUs that are offline,
 * and engines number hot-plugged vCPUs by slots. What tells: the note that the kernel kept for each CPU (crash_notes,
 * kernel/crash_core.c), the per-CPU base (gs_base of x86-64, tpidr_el1 of arm64), the CPU's entry area (TR, GDTR; struct
 * cpu_entry_area), the stack of the task that the CPU runs and its interrupt stack, the pid. Where these leave one CPU, or
 * as many in order as there are sets, that is taken, and said; not of a kernel that crashed and whose processors another one
 * runs on.
 */
export function identifyCpus(
  kernel: Kernel,
  sets: readonly RegisterSet[],
  other?: OtherKernel,
): CpuIdentity[] {
  const signs = new Signs(kernel, sets, other)
  const found = sets.map((set) => signs.of(set))
  const taken = new Map<number, number>()
  const answers = found.map((identity, i): CpuIdentity => {
    if (identity.cpu === undefined) return identity
    const before = taken.get(identity.cpu)
    if (before !== undefined) {
      return {
        ...identity,
        cpu: undefined,
        problem: `its registers are those of CPU ${identity.cpu} (${identity.evidence.join(', ')}), and so are those of vCPU ${before}`,
      }
    }
    taken.set(identity.cpu, i)
    return identity
  })
  if (other?.hasReplaced === true) return answers.map(withoutPlace)
  placeTheRest(kernel, answers, taken)
  return answers
}

function withoutPlace(answer: CpuIdentity): CpuIdentity {
  if (answer.cpu !== undefined || answer.problem !== undefined) return answer
  const problem = 'nothing in its registers tells which CPU it is, and another kernel runs by now'
  return { ...answer, problem }
}

/** Those without a sign: the one CPU that is left, or the CPUs that are left in order, where their number fits. */
function placeTheRest(kernel: Kernel, answers: CpuIdentity[], taken: ReadonlyMap<number, number>): void {
  const open = answers.flatMap((answer, i) =>
    answer.cpu === undefined && answer.problem === undefined ? [i] : [],
  )
  if (open.length === 0) return
  const { cpus } = kernel
  const lists = [
    [cpus.online, 'online'],
    [cpus.present, 'present'],
    [cpus.possible, 'possible'],
  ] as const
  for (const [list, kind] of lists) {
    if (list === undefined || list.length !== answers.length) continue
    // Order is believed only where no sign speaks against it.
    if ([...taken].some(([cpu, i]) => list[i] !== cpu)) continue
    for (const i of open) {
      const cpu = list[i] as number
      const how = `it is in place ${i} of ${answers.length}, and ${list.length} CPUs are ${kind}`
      answers[i] = { cpu, evidence: [how], problem: undefined, isForeign: false }
    }
    return
  }
  const left = (cpus.online ?? cpus.possible).filter((cpu) => !taken.has(cpu))
  const [first] = open
  if (open.length === 1 && left.length === 1 && first !== undefined) {
    const evidence = [`all other online CPUs are those of other registers`]
    answers[first] = { cpu: left[0], evidence, problem: undefined, isForeign: false }
    return
  }
  for (const i of open) {
    const which = left.length === 0 ? 'no online CPU is left' : `CPU ${left.join(', ')} would be left`
    answers[i] = {
      cpu: undefined,
      evidence: [],
      problem: `nothing in its registers tells which CPU it is; ${which}`,
      isForeign: false,
    }
  }
}

/**
 * How many of these registers are those of CPUs of this kernel, and how many may be another kernel's: by their per-CPU base,
 * which costs nothing but the per-CPU offsets, or where none came with them (arm64, whose tpidr_el1 neither QEMU nor dumps
 * tell) by the stacks of this kernel and its text.
 */
export function registersThatFit(
  kernel: Kernel,
  sets: readonly RegisterSet[],
): { readonly own: number; readonly foreign: number } {
  const signs = new Signs(kernel, sets)
  let own = 0
  let foreign = 0
  for (const set of sets) {
    if (signs.hasBase(set)) own++
    else if (foreignBase(set) !== undefined) foreign++
    else if (hasNoBase(set)) {
      if (signs.hasStack(set)) own++
      else if (signs.isElsewhere(set)) foreign++
    }
  }
  return { own, foreign }
}
