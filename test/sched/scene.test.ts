import { describe, expect, it } from 'vitest'
import { Found } from '../../src/found.js'
import { isOfSame, usableCpus } from '../../src/sched/scene.js'
import { runqueueOf, sceneOf } from './support/scenes.js'

describe('whether a task is of the same scheduler', () => {
  it('goes by what both name', () => {
    const scene = sceneOf()
    expect([0x5000n, 0x6000n, 0n, undefined].map((other) => isOfSame(scene, other))).toEqual([
      true,
      false,
      true,
      undefined,
    ])
    const below = sceneOf({}, { scheduler: { isRoot: false } })
    expect([isOfSame(below, 0n), isOfSame(below, 0x5000n)]).toEqual([false, true])
    expect(isOfSame(sceneOf({ scheduler: undefined }), 0x5000n)).toBeUndefined()
  })

  it('is so where the kernel has one scheduler at most', () => {
    const old = sceneOf({}, { entity: { scheduler: undefined } })
    expect([isOfSame(old, undefined), isOfSame(old, 0x6000n)]).toEqual([true, true])
    // Of the task itself nothing is known.
    expect(isOfSame(sceneOf({ entity: undefined }), 0x6000n)).toBe(false)
    expect(isOfSame(sceneOf({ entity: undefined }), undefined)).toBeUndefined()
  })
})

describe('the CPUs that a task may use', () => {
  it('are known as far as their runqueues are', () => {
    const cpus = (parts: object) => {
      const found = usableCpus(sceneOf(parts as Parameters<typeof sceneOf>[0]))
      return found && [found.known.map(({ cpu, current }) => [cpu, current.pid]), found.unknown]
    }
    expect(cpus({})).toEqual([
      [
        [0, 100],
        [2, 102],
      ],
      [],
    ])
    expect(cpus({ usable: [2, 3] })).toEqual([[[2, 102]], [3]])
    expect(cpus({ runqueues: Found.all([runqueueOf(0, { current: undefined }), runqueueOf(2)]) })).toEqual([
      [[2, 102]],
      [0],
    ])
    expect(cpus({ usable: undefined })).toBeUndefined()
  })
})
