import type { TaskCgroup } from './cgroup.js'
import { hex } from './context.js'
import type { Scene } from './scene.js'
import { type KernelStack, readStack } from './stack.js'
import type { Finding } from './why.js'
import { named } from './words.js'

/** include/linux/sched.h: bits of __state. */
const states = [
  [0x8000, 'the freezer holds it'],
  [0x4, 'a signal or a debugger stopped it'],
  [0x8, 'a debugger traces it and has stopped it'],
  [0x40, 'it is a parked kernel thread'],
  [0x400, 'it is idle and waits for work'],
  [0x2, 'it sleeps uninterruptibly'],
  [0x1, 'it sleeps'],
  [0x1000, 'it waits for a real-time lock'],
] as const
const newTask = 0x800
const waking = 0x200
const stoppedBits = 0xc

/** It runs, has ended, or waits for something other than a CPU. */
export function sleepReasons(scene: Scene): Finding {
  const { details, running } = scene
  const { task, state, exitState, onRunqueue } = details
  const who = named(task)
  if (typeof running !== 'string') {
    const sentence = `${who} is running on CPU ${running.cpu}.`
    return {
      verdict: 'running',
      reasons: [{ sentence, facts: { cpu: running.cpu, on_cpu: onCpu(task.isRunning) } }],
    }
  }
  if (running === 'unknown' && task.isRunning) {
    const sentence = `${who} runs, or is being switched out, on CPU ${task.cpu ?? '(unknown)'}, whose runqueue could not be read.`
    return { verdict: 'running', reasons: [{ sentence, facts: { cpu: task.cpu, on_cpu: 1 } }] }
  }
  if (exitState !== 0) {
    const { parent } = details
    const zombie =
      task.state === 'Z'
        ? `, and its parent ${parent === undefined ? '(unknown)' : named(parent)} has not asked how`
        : ''
    return {
      verdict: 'ended',
      reasons: [{ sentence: `${who} has ended${zombie}.`, facts: { exit_state: exitState } }],
    }
  }
  if (state === newTask) {
    const sentence = `${who} is being created and has not been woken for the first time.`
    return { verdict: 'sleeping', reasons: [{ sentence, facts: { __state: hex(BigInt(state)) } }] }
  }
  if (state === waking) {
    const sentence = `${who} is being woken: the waking CPU has not put it on a runqueue yet.`
    return { verdict: 'moving', reasons: [{ sentence, facts: { __state: hex(BigInt(state)) } }] }
  }
  // A task that goes to sleep stays on the runqueue until its CPU switches.
  if (state === 0 || onRunqueue !== 0) return { reasons: [] }
  return asleep(scene)
}

function onCpu(isRunning: boolean | undefined): number | undefined {
  return isRunning === undefined ? undefined : Number(isRunning)
}

function asleep(scene: Scene): Finding {
  const { context, details } = scene
  const { task, state, isFrozen, blockedOn, cgroup } = details
  const how = states.find(([bit]) => (state & bit) !== 0)?.[1] ?? 'it is not runnable'
  const stack = context.problems.attempt(`stack of ${named(task)}`, () =>
    readStack(context.kernel, task.address),
  )
  const place = sleepingIn(scene, stack)
  const where = place === undefined ? ', in what could not be read' : ` in ${place}`
  const facts: Record<string, unknown> = {
    state: task.state,
    __state: hex(BigInt(state)),
    on_rq: details.onRunqueue,
  }
  if (place !== undefined) facts.waitingIn = place
  if (stack !== undefined) facts.stack = stack.frames.map(({ address, symbol }) => symbol ?? hex(address))
  const reasons = [
    {
      sentence: `${named(task)} does not want to run: ${how}${where} (state ${task.state}). No scheduler is to blame.`,
      facts,
    },
  ]
  if (blockedOn !== undefined)
    reasons.push({
      sentence: `It waits for the mutex at ${hex(blockedOn)}.`,
      facts: { blocked_on: hex(blockedOn) },
    })
  if (isFrozen)
    reasons.push({
      sentence: `It is frozen${withCgroup(cgroup)}.`,
      facts: { frozen: true, cgroup: cgroup?.path },
    })
  const verdict = isFrozen ? 'frozen' : (state & stoppedBits) !== 0 ? 'stopped' : 'sleeping'
  return { verdict, reasons }
}

/** The innermost function that is not the scheduler's own: what /proc/PID/wchan shows. */
function sleepingIn({ context: { kernel } }: Scene, stack: KernelStack | undefined): string | undefined {
  const start = kernel.findSymbol('__sched_text_start')
  const end = kernel.findSymbol('__sched_text_end')
  if (stack === undefined || stack.method === 'guess' || start === undefined || end === undefined)
    return undefined
  const frame = stack.frames.find(({ address }) => address < start || address >= end)
  return frame?.symbol?.replace(/\+0x[0-9a-f]+(?= |$)/, '')
}

function withCgroup(cgroup: TaskCgroup | undefined): string {
  if (cgroup === undefined) return '; its cgroup could not be read'
  if (!cgroup.isFrozen) return ''
  return ` with its cgroup${cgroup.path === undefined ? ', whose path could not be read' : ` ${cgroup.path}`}`
}
