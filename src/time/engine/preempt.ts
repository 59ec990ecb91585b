import { createHash } from 'node:crypto'
import { GdbRemote } from '../../machine/gdb-remote.js'
import { guestFiles } from '../../machine/registry.js'
import { stepOne } from '../../machine/run-until.js'
import type { Run } from './run.js'

/** Instructions between two places at which one vCPU goes on alone, about: an eighth of a second of a busy guest's time. */
export const preemptSpacing = 2 ** 26
/** Instructions that a vCPU may execute alone at most. */
const mostSteps = 1024
const stepMilliseconds = 20_000

/** What happens at the end of a segment, from the seed alone. */
export interface Preemption {
  /** Instructions by which the segment is longer than others. */
  readonly delay: number
  /** Which of those vCPUs that execute something, counted around. */
  readonly turn: number
  /** Instructions that it executes while the others stand still; short ones are as likely as long ones. */
  readonly steps: number
}

export function preemptionOf(seed: number, segment: number): Preemption {
  const words = createHash('sha256').update(`${seed} ${segment}`).digest()
  const fraction = (at: number): number => words.readUInt32LE(at) / 2 ** 32
  return {
    delay: Math.floor((fraction(0) * preemptSpacing) / 2),
    turn: words.readUInt32LE(4),
    steps: Math.floor(mostSteps ** fraction(8)),
  }
}

/**
 * Lets one vCPU of a stopped guest execute instructions while all others stand still: another interleaving than the engine
 * would choose. It ends before an instruction that waits for an interrupt, for how long that takes is up to the host. Returns
 * how many were executed; undefined when the host was too slow for one, so that the process must be thrown away.
 */
export async function preempt(run: Run, { turn, steps }: Preemption): Promise<number | undefined> {
  const able = (await run.registers()).filter(({ halted }) => halted !== true)
  const chosen = able[turn % Math.max(1, able.length)]
  if (chosen === undefined) return 0
  const gdb = await GdbRemote.connect(guestFiles(run.directory).gdb)
  try {
    for (let done = 0; done < steps; done++) {
      const registers = await gdb.registers(chosen.cpu)
      const code = await gdb.memory(chosen.cpu, registers.get('rip') ?? 0n, 3)
      if (code === undefined || waits(code)) return done
      if (!(await stepOne(gdb, chosen.cpu, undefined, stepMilliseconds))) return undefined
    }
    return steps
  } finally {
    gdb.close()
  }
}

/**
 * A saved state says how the guest stood, and no QEMU takes one that its debugger had stopped: it is made one that was paused
 * (migration/global_state.c: the section's name, two words, the length of the text, the text in 100 bytes).
 */
export function asPaused(state: Uint8Array): Uint8Array {
  const bytes = Buffer.from(state)
  const name = bytes.indexOf('globalstate')
  const at = name + 'globalstate'.length + 8
  const length = name < 0 ? 0 : bytes.readUInt32BE(at)
  if (bytes.toString('latin1', at + 4, at + 4 + length) !== 'debug\0') return state
  bytes.writeUInt32BE('paused\0'.length, at)
  bytes.write('paused\0', at + 4, 'latin1')
  return bytes
}

/** HLT, MONITOR and MWAIT (Intel SDM volume 2). */
function waits(code: Uint8Array): boolean {
  if (code[0] === 0xf4) return true
  return code[0] === 0x0f && code[1] === 0x01 && (code[2] === 0xc8 || code[2] === 0xc9)
}
