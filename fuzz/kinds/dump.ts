import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { asPhysical } from '../../src/brands.js'
import { Report } from '../../src/report/report.js'
import { openDump } from '../../src/session/open.js'
import { Session } from '../../src/session/session.js'
import { allowed } from '../check.js'
import { damageMemory, type Grounds } from '../damage-memory.js'
import { type Kind, Skipped } from '../kind.js'
import { readReport } from '../nouns.js'
import { Overlay } from '../overlay.js'
import { absentFrames, compareReports, reportOf } from './absent.js'

const frameSize = 4096

/** A dump of a real guest: the one that `--dump` names, or the one in the cache. */
function dumpFile(): string {
  const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache')
  const file = process.env.CRYOSCOPE_FUZZ_DUMP ?? join(cache, 'cryoscope/fuzz.dump')
  if (file === 'none') throw new Skipped('no dump is asked for')
  if (!existsSync(file)) throw new Skipped(`there is no dump ${file}`)
  return file
}

/** The same as in made worlds, in memory that a real kernel wrote. */
export const dumpKinds: readonly Kind[] = [
  {
    name: 'dump',
    room: 'report',
    prepare() {
      const { overlay, grounds } = openReal()
      return {
        bases: ['a real dump'],
        damage: (random) => ({ base: 0, absent: [], patches: damageMemory(random, grounds) }),
        read(input) {
          overlay.damage(input)
          allowed(() => readReport(Report.take(sessionOf(overlay))))
        },
      }
    },
  },
  {
    name: 'dump-absent',
    room: 'report',
    prepare() {
      const { overlay } = openReal()
      const document = reportOf(overlay)
      const frames = overlay.held()
      return {
        bases: ['a real dump'],
        damage: (random) => ({ base: 0, patches: [], absent: absentFrames(random, frames) }),
        read({ absent }) {
          overlay.damage({ patches: [], absent })
          const partial = allowed(() => reportOf(overlay))
          if (partial !== undefined) compareReports(document, partial)
        },
      }
    },
  },
]

function sessionOf(overlay: Overlay): Session {
  return new Session({
    name: 'dump',
    memory: overlay,
    control: undefined,
    vcpus: () => [],
    problems: [],
    facts: {},
  })
}

/** What is damaged are the pages that a report reads; words of theirs that are not zero. */
function openReal(): { overlay: Overlay; grounds: Grounds } {
  const memory = openDump(dumpFile()).target.memory
  const overlay = new Overlay(memory)
  reportOf(overlay)
  const words: number[] = []
  const pointers: bigint[] = []
  for (const frame of overlay.held()) {
    const { bytes } = overlay.read(asPhysical(frame * frameSize), frameSize)
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    for (let at = 0; at + 8 <= bytes.length; at += 8) {
      const word = view.getBigUint64(at, true)
      if (word === 0n) continue
      words.push(frame * frameSize + at)
      if (word > 0xffff_8000_0000_0000n && word < 0xffff_ffff_ffff_f000n && pointers.length < 100_000)
        pointers.push(word)
    }
  }
  const wordAt = (physical: number): bigint =>
    Buffer.from(memory.read(asPhysical(physical), 8).bytes).readBigUInt64LE()
  return {
    overlay,
    grounds: {
      words: Float64Array.from(words),
      pointers,
      // As the direct map has it without KASLR.
      virtualOf: (physical) => 0xffff_8880_0000_0000n + BigInt(physical),
      wordAt,
    },
  }
}
