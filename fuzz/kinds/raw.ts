import { ftruncateSync, openSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { openDump } from '../../src/session/open.js'
import { allowed, checkSentences } from '../check.js'
import { damageMemory } from '../damage-memory.js'
import { groundsOf } from '../grounds.js'
import { type Kind, Wrong } from '../kind.js'
import { readFiles } from '../nouns.js'
import { scratchDirectory } from '../scratch.js'
import { taskWorld } from '../worlds.js'

/** RAM as it is: the layout is found by the kernel that proves itself, whose tables are damaged, or the file is cut. */
export const rawKind: Kind = {
  name: 'raw',
  room: 'session',
  prepare() {
    const world = taskWorld()
    const { bytes } = world.guest.memory
    const path = join(scratchDirectory(), 'image.raw')
    writeFileSync(path, bytes)
    const fd = openSync(path, 'r+')
    const grounds = groundsOf(world, 'tables')
    return {
      bases: [world.name],
      damage(random) {
        const length = random.once(6) ? random.below(bytes.length / 4096) * 4096 : undefined
        return {
          base: 0,
          absent: [],
          patches: length === undefined ? damageMemory(random, grounds) : [],
          length,
        }
      },
      read({ patches, length }) {
        for (const { at, bytes: own } of patches) writeSync(fd, own, 0, own.length, at)
        if (length !== undefined) ftruncateSync(fd, length)
        try {
          allowed(() => {
            const session = openDump(path)
            try {
              checkSentences(session.problems)
              readFiles(session, ['kernel'])
              if (length !== undefined && length < 2 ** 21 && session.tasks.length > 0)
                throw new Wrong('a kernel is found in an image that does not hold it')
            } finally {
              session.target.memory.close()
            }
          })
        } finally {
          if (length !== undefined) writeSync(fd, bytes, length, bytes.length - length, length)
          for (const { at, bytes: own } of patches) writeSync(fd, bytes, at, own.length, at)
        }
      },
    }
  },
}
