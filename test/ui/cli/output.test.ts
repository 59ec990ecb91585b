import { describe, expect, it } from 'vitest'
import { CryoscopeError } from '../../../src/errors.js'
import { BrokenPipe, Output } from '../../../src/ui/cli/output.js'
import { capture, Recorder } from '../support/capture.js'

describe('output', () => {
  it('is as wide as the terminal, and 80 without one', () => {
    expect(capture().output.columns).toBe(80)
    expect(capture({ columns: 132 }).output.columns).toBe(132)
    expect(capture({ columns: 0 }).output.columns).toBe(80)
    expect(capture({ columns: 3 }).output.columns).toBe(20)
  })

  it('shows progress only on a terminal, and notes always', () => {
    const piped = capture()
    piped.output.progress('working')
    piped.output.replaceProgress('50 %')
    piped.output.note('done')
    expect(piped.stderr()).toBe('cryoscope: done\n')
    const watched = capture({ stderrTerminal: true })
    watched.output.progress('working')
    expect(watched.stderr()).toBe('cryoscope: working\n')
  })

  it('ends quietly when the pipe is closed', async () => {
    const stdout = new Recorder()
    const output = new Output({ stdout, stderr: new Recorder(), environment: {} })
    await output.line('one')
    stdout.fail = Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })
    await expect(output.line('two')).rejects.toBeInstanceOf(BrokenPipe)
    await expect(output.line('three')).rejects.toBeInstanceOf(BrokenPipe)
    expect(stdout.text).toBe('one\n')
  })

  it('says when the disk is full', async () => {
    const stdout = new Recorder()
    const output = new Output({ stdout, stderr: new Recorder(), environment: {} })
    stdout.fail = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' })
    await expect(output.line('x')).rejects.toThrow(CryoscopeError)
  })
})
