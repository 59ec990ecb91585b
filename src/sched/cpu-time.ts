import { possibleCpus, type SchedContext } from './context.js'
import { readIdleTime } from './idle-time.js'
import { readNumbers } from './numbers.js'

/** Where a CPU spent its time, in nanoseconds by the kernel's names (enum cpu_usage_stat, without CPUTIME_). */
export interface CpuTime {
  readonly cpu: number
  readonly nanoseconds: Readonly<Record<string, bigint>>
  readonly interrupts: bigint | undefined
  /** By the names of /proc/softirqs. */
  readonly softirqs: Readonly<Record<string, number>>
}

/** include/linux/interrupt.h names them in an anonymous enum, in this order. */
const softirqNames = [
  'HI',
  'TIMER',
  'NET_TX',
  'NET_RX',
  'BLOCK',
  'IRQ_POLL',
  'TASKLET',
  'SCHED',
  'HRTIMER',
  'RCU',
]

/** kernel_cpustat and kstat of each CPU (include/linux/kernel_stat.h), with the idle period of a CPU whose tick is stopped. */
export function readCpuTimes(context: SchedContext): CpuTime[] {
  const { kernel, problems, absences } = context
  const times = kernel.findSymbol('kernel_cpustat')
  const stats = kernel.findSymbol('kstat')
  if (times === undefined || kernel.layouts.find('kernel_cpustat') === undefined) {
    absences.lacks('CPU time', 'the kernel has no per-CPU kernel_cpustat')
    return []
  }
  const type = kernel.types.find('cpu_usage_stat', 'enum')
  const names = type?.kind === 'enum' ? type.values.filter(({ name }) => name.startsWith('CPUTIME_')) : []
  return possibleCpus(context).flatMap((cpu) => {
    const found = problems.attempt(`CPU time of CPU ${cpu}`, () => {
      const values = readNumbers(kernel, 'kernel_cpustat', kernel.cpus.address(times, cpu), 'cpustat')
      const nanoseconds: Record<string, bigint> = {}
      for (const { name, value } of names) {
        const spent = values[Number(value)]
        if (spent !== undefined) nanoseconds[name.slice('CPUTIME_'.length).toLowerCase()] = spent
      }
      const { idle, iowait } = nanoseconds
      if (idle !== undefined && iowait !== undefined) {
        const counted = { idle, iowait }
        // Counters alone are another figure than the kernel's own.
        delete nanoseconds.idle
        delete nanoseconds.iowait
        const whole = problems.attempt(
          `idle time of CPU ${cpu}`,
          () => readIdleTime(context, cpu, counted) ?? counted,
        )
        Object.assign(nanoseconds, whole)
      }
      return { cpu, nanoseconds, ...interruptsOf(cpu) }
    })
    return found === undefined ? [] : [found]
  })

  function interruptsOf(cpu: number): Pick<CpuTime, 'interrupts' | 'softirqs'> {
    if (stats === undefined || kernel.layouts.find('kernel_stat') === undefined)
      return { interrupts: absences.lacks('softirqs', 'the kernel has no per-CPU kstat'), softirqs: {} }
    const address = kernel.cpus.address(stats, cpu)
    const counts = readNumbers(kernel, 'kernel_stat', address, 'softirqs')
    return {
      interrupts: kernel.struct('kernel_stat', address).integer('irqs_sum'),
      softirqs: Object.fromEntries(
        counts.map((count, i) => [softirqNames[i] ?? `softirq ${i}`, Number(count)]),
      ),
    }
  }
}
