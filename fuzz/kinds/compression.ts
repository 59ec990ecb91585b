import { unpacker } from '../../src/memory/compression/unpack.js'
import { packed, plausiblePage } from '../../test/support/packed.js'
import { damageFile, type FileBase } from '../damage.js'
import { applied } from '../input.js'
import { type Kind, Wrong } from '../kind.js'

const algorithms = ['lzo', 'snappy', 'zstd', 'zlib'] as const
const pageSize = 4096

/** Packed pages that are damaged: each fills a page or is refused, and touches nothing else. */
export const compressionKind: Kind = {
  name: 'compression',
  room: 'memory',
  prepare() {
    const made = algorithms.flatMap((algorithm) =>
      [1, 2, 3].flatMap((seed): (FileBase & { algorithm: (typeof algorithms)[number] })[] => {
        try {
          const bytes = packed(algorithm, plausiblePage(seed))
          if (bytes.length === 0) return []
          return [{ name: `${algorithm} ${seed}`, bytes, structure: [{ start: 0, end: 24 }], algorithm }]
        } catch (error) {
          // The programs that pack may be missing; the others are tried.
          if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
          throw error
        }
      }),
    )
    const unpack = new Map(algorithms.map((algorithm) => [algorithm, unpacker(algorithm)]))
    const around = new Uint8Array(pageSize + 128)
    return {
      bases: made.map(({ name }) => name),
      damage: (random) => damageFile(random, made),
      read(input) {
        const base = made[input.base]
        if (base === undefined) throw new Error('there is no such base')
        around.fill(0xa5)
        const into = around.subarray(64, 64 + pageSize)
        const done = unpack.get(base.algorithm)?.(applied(base.bytes, input), into)
        if (typeof done !== 'boolean')
          throw new Wrong('unpacking says neither that it worked nor that it did not')
        for (let i = 0; i < 64; i++) {
          if (around[i] !== 0xa5 || around[64 + pageSize + i] !== 0xa5)
            throw new Wrong('unpacking wrote outside of the page')
        }
      },
    }
  },
}
