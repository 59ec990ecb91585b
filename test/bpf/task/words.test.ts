import { describe, expect, it } from 'vitest'
import { holdsWord, taskWords } from '../../../src/bpf/task/words.js'
import { Btf } from '../../../src/btf/btf.js'
import type { CType } from '../../../src/btf/types.js'
import { BtfBuilder } from '../../btf/builder.js'

const task = { address: 0xffff888012345678n, pid: 42, tgid: 40 }

function describeKeys(): (name: string) => CType {
  const b = new BtfBuilder()
  const u32 = b.int('unsigned int', 4)
  const u64 = b.int('unsigned long', 8)
  const s32 = b.int('int', 4, { signed: true })
  const pid = b.typedef('__kernel_pid_t', s32)
  const ids = {
    u32,
    u64,
    pid_t: b.typedef('pid_t', pid),
    pid_cpu: b.struct('pid_cpu', [
      { name: 'cpu', type: u32 },
      { name: 'pid', type: u32 },
    ]),
    thread: b.struct('thread', [
      { name: 'tgid', type: u32 },
      { name: 'pid', type: u32 },
    ]),
    process: b.struct('process', [
      { name: 'tgid', type: u32 },
      { name: 'cpu', type: u32 },
    ]),
    deep: b.struct('deep', [
      { name: 'kind', type: u64 },
      { name: 'who', type: b.struct('who', [{ name: 'task', type: u64 }]) },
    ]),
  }
  const btf = Btf.parse(b.build())
  return (name) => btf.type(ids[name as keyof typeof ids])
}

const type = describeKeys()
const told = (name: string, size: number) =>
  taskWords(type(name), size, task).map(({ path, offset, meaning, isGuess }) =>
    [path, offset, meaning, isGuess ? 'guess' : 'known'].join(' '),
  )

describe('words that mean a task', () => {
  it('are pids where a typedef or a member says so, and guesses where nothing does', () => {
    expect(told('pid_t', 4)).toEqual([' 0 pid known'])
    expect(told('u32', 4)).toEqual([' 0 pid guess'])
    expect(told('pid_cpu', 8)).toEqual(['pid 4 pid known'])
  })

  it('are addresses and pairs of tgid and pid in eight bytes, also deep within', () => {
    expect(told('u64', 8)).toEqual([' 0 pid guess', ' 0 address known', ' 0 pid_tgid known'])
    expect(told('deep', 16)).toEqual([
      'kind 0 address known',
      'kind 0 pid_tgid known',
      'who.task 8 address known',
      'who.task 8 pid_tgid known',
    ])
  })

  it('are those of a process only where no thread is named', () => {
    expect(told('process', 8)).toEqual(['tgid 0 process known'])
    expect(told('thread', 8)).toEqual(['pid 4 pid known'])
  })

  it('are found without types too', () => {
    expect(taskWords(undefined, 4, task)).toMatchObject([{ meaning: 'pid', isGuess: true, value: 42n }])
    expect(taskWords(undefined, 3, task)).toEqual([])
  })

  it('are compared byte by byte, and not beyond the end', () => {
    const [, address] = taskWords(undefined, 8, task)
    const bytes = Uint8Array.of(0, 0x78, 0x56, 0x34, 0x12, 0x80, 0x88, 0xff, 0xff)
    expect(address && holdsWord(bytes, 1, address)).toBe(true)
    expect(address && holdsWord(bytes, 0, address)).toBe(false)
    expect(address && holdsWord(bytes, 2, address)).toBe(false)
  })
})
