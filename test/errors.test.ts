import { describe, expect, it, vi } from 'vitest'
import { CryoscopeError, exitCodes, quietly } from '../src/errors.js'
import { MemoryFault } from '../src/memory/fault.js'
import { Problems } from '../src/problems.js'
import { Report } from '../src/report/report.js'
import { Session } from '../src/session/session.js'
import type { Control } from '../src/session/target.js'
import { bpfWorld, sessionOf } from './report/support/worlds.js'

const codeOf = (work: () => unknown): string => {
  try {
    work()
  } catch (error) {
    if (error instanceof CryoscopeError) return error.code
    throw error
  }
  return 'none'
}

/** A guest that does not stand still, and may refuse to be let go of. */
function running(close: () => Promise<void> = async () => {}): Session {
  const { target } = sessionOf(bpfWorld().memory)
  const control = { state: 'running', epoch: 1, close, stop: close } as unknown as Control
  return new Session({ ...target, control })
}

describe('errors', () => {
  it('have no stack where they are taken for an answer, and have one elsewhere', () => {
    const frames = (error: unknown): number => (error as Error).stack?.split('\n    at ').length ?? 0
    const made = (): never => {
      throw new CryoscopeError('unreadable', 'it is not there')
    }
    const within: unknown[] = []
    const watched = (): never => {
      try {
        return made()
      } catch (error) {
        within.push(error)
        throw error
      }
    }
    expect(quietly(watched)).toBeUndefined()
    expect(new Problems().attempt('it', watched)).toBeUndefined()
    expect(within.map(frames)).toEqual([1, 1])
    expect(frames(new CryoscopeError('unreadable', 'it is not there'))).toBeGreaterThan(1)
    // Mistakes keep theirs.
    const mistake = (): never => {
      throw new TypeError('ours')
    }
    let thrown: unknown
    try {
      quietly(mistake)
    } catch (error) {
      thrown = error
    }
    expect(frames(thrown)).toBeGreaterThan(1)
    expect(frames(new CryoscopeError('unreadable', 'it is not there'))).toBeGreaterThan(1)
  })

  it('have the exit codes that scripts rely on', () => {
    expect(exitCodes).toEqual({
      'not-found': 1,
      unreadable: 1,
      guest: 1,
      usage: 2,
      state: 2,
      environment: 3,
    })
  })

  it('tell what is wrong with the moment from what is wrong with the request', async () => {
    const dump = sessionOf(bpfWorld().memory)
    await expect(dump.freeze()).rejects.toMatchObject({ code: 'state' })
    await expect(dump.checkpoint()).rejects.toMatchObject({ code: 'state' })
    await expect(dump.vcpus[0]?.step()).rejects.toMatchObject({ code: 'state' })
    expect(codeOf(() => dump.write('init_task', 1))).toBe('state')
    const vm = running()
    expect(codeOf(() => vm.write('init_task', 1))).toBe('state')
    expect(codeOf(() => vm.undo())).toBe('state')
    expect(codeOf(() => Report.take(vm))).toBe('state')
    expect(codeOf(() => dump.type('struct ('))).toBe('usage')
  })
})

describe('what is held', () => {
  it('is let go of by close and by the end of its scope', async () => {
    const { target } = sessionOf(bpfWorld().memory)
    const close = vi.spyOn(target.memory, 'close')
    {
      await using vm = new Session(target)
      expect(vm.maps).toHaveLength(2)
      using report = Report.take(vm)
      expect([...report.entries(0)]).toHaveLength(3)
    }
    expect(close).toHaveBeenCalledOnce()
  })

  it('includes the memory of a guest that refuses to go', async () => {
    const vm = running(async () => {
      throw new CryoscopeError('guest', 'it does not answer')
    })
    const close = vi.spyOn(vm.target.memory, 'close')
    await expect(vm.close()).rejects.toThrow('it does not answer')
    await expect(vm.stop()).rejects.toThrow('it does not answer')
    expect(close).toHaveBeenCalledTimes(2)
  })
})

it('errors say names of guests so that nothing acts on a terminal, a page or a log', () => {
  const { message } = new CryoscopeError('not-found', 'map \u001b[31m\u0007a\nb\u202e\u009b has no key')
  expect(message).toBe('map \\x1b[31m\\x07a\\nb\\u202e\\x9b has no key')
  expect(new CryoscopeError('usage', message).message).toBe(message)
})

it('errors keep their code, cause and kind', () => {
  const cause = new Error('below')
  const error = new CryoscopeError('environment', 'no', { cause })
  expect(error).toMatchObject({ code: 'environment', cause, name: 'CryoscopeError' })
  expect(new MemoryFault({ kind: 'non-canonical', address: 16n })).toBeInstanceOf(CryoscopeError)
})
