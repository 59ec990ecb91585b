import { describe, expect, it } from 'vitest'
import { listArenas } from '../../../src/bpf/arena/arenas.js'
import { BpfMap } from '../../../src/bpf/map.js'
import { listMaps } from '../../../src/bpf/map-info.js'
import { taskArenaObjects } from '../../../src/bpf/task/arena-objects.js'
import { taskEntries } from '../../../src/bpf/task/entries.js'
import { Problems } from '../../../src/problems.js'
import { ArenaGuest } from '../../support/arena-guest.js'
import { addArray, addHash } from '../../support/bpf-objects.js'
import { KernelGuest } from '../../support/kernel-guest.js'
import { writeSdtTree } from '../../support/sdt-tree.js'

const task = { address: 0xffff888012345678n, pid: 42, tgid: 40 }

function number(value: bigint | number, size: 4 | 8): Uint8Array {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt(value))
  return new Uint8Array(bytes.subarray(0, size))
}

function found(guest: KernelGuest) {
  const kernel = guest.kernel()
  const problems = new Problems()
  const maps = listMaps(kernel, problems).map((info) => new BpfMap(kernel, info, problems))
  const entries = [...taskEntries(maps, task, problems)]
  return {
    told: entries.map(({ kind, map, how, entry }) => [kind, map.name, entry.value?.bytes[0], how]),
    problems: problems.sentences,
  }
}

describe('entries of a task in maps', () => {
  const value = (first: number): Uint8Array => Uint8Array.of(first, 0, 0, 0, 0, 0, 0, 0)

  it('are found by pid, address, and tgid with pid; a number that may be anything is said to be', () => {
    const guest = new KernelGuest()
    const spec = { valueSize: 8, maxEntries: 16 }
    const others = [7, 41, 40].map((key) => ({ key: number(key, 4), value: value(9) }))
    addHash(guest, { ...spec, id: 1, name: 'by_pid' }, [...others, { key: number(42, 4), value: value(1) }])
    addHash(guest, { ...spec, id: 2, name: 'layers' }, [{ key: number(42, 4), value: value(2) }])
    addHash(guest, { ...spec, id: 3, name: 'wide', keySize: 8 }, [
      { key: number(task.address, 8), value: value(3) },
      { key: number((40n << 32n) | 42n, 8), value: value(4) },
      { key: number(task.address + 1n, 8), value: value(9) },
    ])
    addHash(guest, { ...spec, id: 4, name: 'without' }, others)
    addArray(guest, { id: 5, name: 'pids', valueSize: 8, maxEntries: 64 })
    expect(found(guest)).toEqual({
      told: [
        ['map_entry', 'by_pid', 1, 'its key is 42, which may be a pid: the map is called by_pid'],
        ['map_entry', 'layers', 2, 'its key is 42, which may be a pid: nothing but the number says so'],
        ['map_entry', 'wide', 3, 'its key is the address of its task_struct'],
        ['map_entry', 'wide', 4, 'its key is its tgid and pid, as bpf_get_current_pid_tgid() gives them'],
      ],
      problems: [],
    })
  })

  it('may be missing where a chain breaks, and that is said', () => {
    const guest = new KernelGuest()
    const made = addHash(guest, { id: 1, name: 'by_pid', valueSize: 8, maxEntries: 4, buckets: 1 }, [
      { key: number(41, 4), value: value(9) },
      { key: number(42, 4), value: value(1) },
    ])
    guest.u64(made.chains[0]?.[0] ?? 0n, 0xffff800000001000n)
    const { told, problems } = found(guest)
    expect(told).toEqual([])
    expect(problems).not.toEqual([])
  })
})

describe('allocations of a task in an arena', () => {
  it('are those whose own pid is the task’s, not those of others that refer to it', () => {
    const test = new ArenaGuest()
    const { scx_task_allocator: allocator, task: typing } = test.section('.bss', {
      scx_task_allocator: 'scx_allocator',
      task: 'toTask',
    })
    const tree = writeSdtTree(test, allocator?.at ?? 0n, 56, [{ index: 0 }, { index: 1 }, { index: 2 }])
    const contents = [
      { pid: 42, peer: 0n },
      { pid: 43, peer: task.address },
      { pid: 40, peer: 0n },
    ]
    for (const [index, values] of contents.entries())
      test.set('task_ctx', (tree.elements.get(index) ?? 0) + 8, { comm: 'w', ...values })
    // Tells what the elements are.
    test.guest.u64(typing?.at ?? 0n, test.user((tree.elements.get(0) ?? 0) + 8))
    const { kernel, maps } = test.build()
    const problems = new Problems()
    const objects = taskArenaObjects(listArenas(kernel, maps, problems, problems), [], task, problems)
    expect(objects.map(({ object, how }) => [object.name, how])).toEqual([
      ['scx_task_allocator[0]', ['its member pid holds its pid 42']],
    ])
    expect(objects[0]?.value).toMatchObject({ pid: 42, comm: 'w' })
    expect(problems.list).toEqual([])
  })
})
