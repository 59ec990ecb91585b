import { describe, expect, it } from 'vitest'
import { runInScope } from '../../../src/ui/jupyter/cell-scope.js'
import { keepAlive } from '../../../src/ui/jupyter/exit.js'
import type { Message } from '../../../src/ui/jupyter/wire/message.js'

describe('keepAlive', () => {
  it('refuses to end the kernel from a cell, and lets the kernel itself end', () => {
    const ended: unknown[] = []
    const process = { exit: (code: unknown) => ended.push(code), abort: () => ended.push('abort') }
    keepAlive(process as never)
    const scope = { request: {} as Message, abort: new AbortController() }
    runInScope(scope, () => {
      expect(() => process.exit(3)).toThrow("process.exit would end the notebook's kernel")
      expect(() => process.abort()).toThrow("process.abort would end the notebook's kernel")
    })
    expect(ended).toEqual([])
    process.exit(7)
    expect(ended).toEqual([7])
  })
})
