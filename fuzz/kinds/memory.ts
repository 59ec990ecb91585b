import { Report } from '../../src/report/report.js'
import { Session } from '../../src/session/session.js'
import type { Control } from '../../src/session/target.js'
import { allowed } from '../check.js'
import { damageMemory } from '../damage-memory.js'
import { groundsOf } from '../grounds.js'
import type { Kind } from '../kind.js'
import { type Noun, readFiles, readMaps, readReport } from '../nouns.js'
import { Overlay } from '../overlay.js'
import {
  arenaWorld,
  everyWorld,
  mapWorld,
  programWorld,
  schedWorld,
  taskWorld,
  type World,
} from '../worlds.js'

/** Bytes of memory that a large machine has. */
const claimed = 2 ** 36

/** Damaged structures of the kernel, read as a mount and as a report show them. */
export const memoryKinds: readonly Kind[] = [
  memoryKind('maps', 'bpf', () => [mapWorld()], readMaps),
  memoryKind('programs', 'bpf', () => [programWorld()], files('progs', 'maps')),
  memoryKind('arenas', 'bpf', () => [arenaWorld()], files('arenas', 'allocators')),
  memoryKind('sched', 'sched', () => [schedWorld('early'), schedWorld('late')], files('sched', 'tasks')),
  memoryKind('tasks', 'kernel', () => [taskWorld()], files('tasks', 'kernel', 'vcpus')),
  { ...reportKind('report', 'objects'), weight: 2 },
  reportKind('tables', 'tables'),
]

const registers = { rip: 0xffffffff84200010n, rsp: 0xffffc90000001000n, cs: 0x10n }

/** A target that is as a frozen guest which ran between two inputs: nothing that was read of one is kept for the next. */
function sessionOf(overlay: Overlay, epoch: () => number): Session {
  const control = {
    state: 'frozen',
    get epoch() {
      return epoch()
    },
  } as Control
  return new Session({
    name: 'made',
    memory: overlay,
    control,
    vcpus: () => [{ index: 0, registers, halted: false, privilege: 0 }],
    problems: [],
    facts: {},
  })
}

type Read = (session: Session) => void

function files(...nouns: Noun[]): Read {
  return (session) => readFiles(session, nouns)
}

function memoryKind(name: string, room: string, make: () => World[], look: Read): Kind {
  return {
    name,
    room,
    prepare() {
      let epoch = 0
      const targets = make().map((world) => {
        const overlay = new Overlay(world.guest.memory, claimed)
        return {
          world,
          overlay,
          grounds: groundsOf(world, 'objects'),
          session: sessionOf(overlay, () => epoch),
        }
      })
      return {
        bases: targets.map(({ world }) => world.name),
        damage(random) {
          const base = random.below(targets.length)
          const { grounds } = targets[base] as (typeof targets)[number]
          return { base, absent: [], patches: damageMemory(random, grounds) }
        },
        read(input) {
          const target = targets[input.base]
          if (target === undefined) throw new Error('there is no such base')
          epoch++
          target.overlay.damage(input)
          look(target.session)
        },
      }
    },
  }
}

/** A fresh look at a damaged kernel, from finding it to the whole report. */
function reportKind(name: string, part: 'objects' | 'tables'): Kind {
  return {
    name,
    room: part === 'objects' ? 'report' : 'kernel',
    prepare() {
      const targets = everyWorld().map((world) => ({
        world,
        overlay: new Overlay(world.guest.memory),
        grounds: groundsOf(world, part),
      }))
      return {
        bases: targets.map(({ world }) => world.name),
        damage(random) {
          const base = random.below(targets.length)
          const { grounds } = targets[base] as (typeof targets)[number]
          return { base, absent: [], patches: damageMemory(random, grounds) }
        },
        read(input) {
          const target = targets[input.base]
          if (target === undefined) throw new Error('there is no such base')
          target.overlay.damage(input)
          allowed(() => readReport(Report.take(sessionOf(target.overlay, () => 1))))
        },
      }
    },
  }
}
