import { asFrame } from '../src/brands.js'
import { openDump } from '../src/session/open.js'
import { print, repeat, timed } from './measure.js'

const runs = 5

/** The same memory from an ELF core and from a packed dump: to the first symbol, and frame after frame. */
export function measureDumps(elf: string, kdump: string): void {
  print('dumps', [
    { what: 'ELF core: open, to the list of maps', times: repeat(runs, () => listMaps(elf)) },
    { what: 'kdump: open, to the list of maps', times: repeat(runs, () => listMaps(kdump)) },
    { what: 'ELF core: frames in order', ...sequential(elf) },
    { what: 'kdump: frames in order', ...sequential(kdump) },
  ])
}

function listMaps(path: string): number {
  return timed(() => {
    const vm = openDump(path)
    if (vm.maps.length === 0) throw new Error('no maps')
    void vm.close()
  })
}

/** Every frame that holds data is found and one word of it is read: millions of frames per second. */
function sequential(path: string): { times: number[]; count: number } {
  let count = 0
  const times = repeat(runs, () => {
    const { memory } = openDump(path).target
    count = 0
    const time = timed(() => {
      for (const { start, length } of memory.dataRanges()) {
        for (let frame = Math.ceil(start / 4096); (frame + 1) * 4096 <= start + length; frame++) {
          const position = memory.locate(asFrame(frame))
          if (position < 0) continue
          memory.windows[Math.floor(position / 2 ** 32)]?.view.getUint32(position >>> 0, true)
          count++
        }
      }
    })
    memory.close()
    return time
  })
  return { times, count }
}
