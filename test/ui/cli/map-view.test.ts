import { describe, expect, it } from 'vitest'
import type { BpfMap } from '../../../src/bpf/map.js'
import { printMap } from '../../../src/ui/cli/map-view.js'
import { bytesOf, openMap } from '../../bpf/opened.js'
import { addArray, addPerCpuArray } from '../../support/bpf-objects.js'
import { KernelGuest } from '../../support/kernel-guest.js'
import { capture } from '../support/capture.js'

function array(): BpfMap {
  const guest = new KernelGuest()
  addArray(guest, { valueSize: 12, maxEntries: 3 }, [bytesOf(1, 12), bytesOf(2, 12), bytesOf(3, 12)])
  return openMap(guest)
}

function perCpu(): BpfMap {
  const guest = new KernelGuest()
  const values = [bytesOf(1, 12), bytesOf(2, 12)]
  addPerCpuArray(guest, { valueSize: 12, maxEntries: 2 }, [values, values])
  return openMap(guest)
}

/** Lines below the title and above the count. */
async function body(map: BpfMap, columns: number, limit = 100): Promise<string[]> {
  const { output, stdout } = capture({ columns, environment: { NO_COLOR: '1' } })
  await printMap(output, map, { limit } as Parameters<typeof printMap>[2])
  return stdout().trimEnd().split('\n').slice(1, -1)
}

describe('a map on the command line', () => {
  it.each([
    ['two columns', array, /^ *KEY +VALUE$/],
    ['a column for CPUs between', perCpu, /^ *KEY +CPU +VALUE$/],
  ])('with %s is a table exactly where its lines have room', async (_, map, heading) => {
    const wide = await body(map(), 200)
    expect(wide[0]).toMatch(heading)
    const width = Math.max(...wide.map(({ length }) => length))
    expect(width).toBeGreaterThan(20)
    expect(await body(map(), width)).toEqual(wide)
    const narrow = await body(map(), width - 1)
    expect(narrow[0]).toMatch(/^\[.*\].* = /)
    expect(narrow.join('\n')).not.toMatch(/KEY/)
  })

  it('says how many entries it shows, and that there are more', async () => {
    const { output, stdout } = capture({ columns: 80, environment: { NO_COLOR: '1' } })
    expect(await printMap(output, array(), { limit: 2 } as Parameters<typeof printMap>[2])).toBe(2)
    expect(stdout()).toMatch(/\n2 entries; there are more \(--limit cut them\)\n$/)
    const all = capture({ columns: 80, environment: { NO_COLOR: '1' } })
    expect(await printMap(all.output, array(), { limit: 3 } as Parameters<typeof printMap>[2])).toBe(3)
    expect(all.stdout()).toMatch(/\n3 entries\n$/)
  })
})
