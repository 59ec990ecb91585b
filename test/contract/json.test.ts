import { describe, expect, it } from 'vitest'
import { hexAddress, jsonText } from '../../src/contract/json.js'
import { progJson } from '../../src/contract/programs.js'
import { taskJson } from '../../src/contract/tasks.js'
import { program } from '../ui/support/program.js'

describe('JSON', () => {
  it('writes integers beyond 2^53-1 as decimal text', () => {
    expect(JSON.parse(jsonText([1n, 2n ** 53n - 1n, 2n ** 53n, -(2n ** 63n)]))).toEqual([
      1,
      2 ** 53 - 1,
      '9007199254740992',
      '-9223372036854775808',
    ])
    expect(hexAddress(-1n)).toBe('0xffffffffffffffff')
  })

  it('has the promised shape of a program', () => {
    expect(progJson(program)).toEqual({
      id: 7,
      name: 'demo_enqueue',
      type: 'struct_ops',
      tag: '7c385e8641d0c039',
      verifiedInsns: 123,
      xlatedSize: 800,
      jitedSize: 500,
      runCount: '1152921504606846976',
      runTimeNs: '5',
      recursionMisses: '0',
      mapIds: [3, 4],
      btfId: 12,
      loadTimeNs: '4594202839',
      address: '0xff204398c2355400',
      jitedAddress: null,
    })
    const none = { runCount: undefined, runTime: undefined, recursionMisses: undefined }
    expect(progJson({ ...program, ...none })).toMatchObject({
      runCount: null,
      runTimeNs: null,
      recursionMisses: null,
    })
  })

  it('has the shape of a task, with null for what is not known', () => {
    const task = {
      address: 0xffff888000000000n,
      pid: 1,
      tgid: 1,
      name: 'init',
      comm: 'init',
      state: 'S',
      cpu: undefined,
      isRunning: false,
      isKernelThread: false,
      parentPid: undefined,
    }
    expect(taskJson(task)).toEqual({
      pid: 1,
      tgid: 1,
      parentPid: null,
      name: 'init',
      comm: 'init',
      state: 'S',
      cpu: null,
      isRunning: false,
      isKernelThread: false,
      address: '0xffff888000000000',
    })
  })
})
