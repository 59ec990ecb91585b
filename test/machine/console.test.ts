import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Console, lastLines } from '../../src/machine/console.js'

describe('Console', () => {
  let directory: string
  let path: string
  let alive: boolean
  let console: Console

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'cs-con-'))
    path = join(directory, 'console')
    alive = true
    console = new Console(path, () => alive)
    writeFileSync(path, 'first\r\n')
  })
  afterEach(() => rmSync(directory, { recursive: true }))

  it('gives the text so far without the carriage returns of a serial line', () => {
    appendFileSync(path, 'second\r\n')
    expect(console.text()).toBe('first\nsecond\n')
  })

  it('is followed until the guest ends, with nothing lost', async () => {
    const euro = Buffer.from('€')
    setTimeout(() => appendFileSync(path, euro.subarray(0, 1)), 10)
    setTimeout(() => appendFileSync(path, euro.subarray(1)), 60)
    setTimeout(() => {
      appendFileSync(path, 'last')
      alive = false
    }, 100)
    let all = ''
    for await (const text of console.follow({ from: 'start' })) all += text
    expect(all).toBe('first\n€last')
  })

  it('is followed from now on, or until an abort', async () => {
    setTimeout(() => appendFileSync(path, 'new'), 30)
    const seen: string[] = []
    const following = async () => {
      for await (const text of console.follow({ signal: AbortSignal.timeout(150) })) seen.push(text)
    }
    await expect(following()).rejects.toThrow(/abort/i)
    expect(seen).toEqual(['new'])
  })

  it('waits for a text in pieces, or a pattern, or the end', async () => {
    setTimeout(() => appendFileSync(path, 're'), 10)
    setTimeout(() => appendFileSync(path, 'ady\r\n'), 60)
    expect(await console.waitFor('ready')).toBe(true)
    // A pattern with state (g) is asked anew each time.
    expect(await console.waitFor(/^ready$/gm)).toBe(true)
    alive = false
    expect(await console.waitFor('never')).toBe(undefined)
  })

  it('says that it is not known', () => {
    expect(() => new Console(undefined, () => true).text()).toThrow('not known')
    expect(new Console(undefined, () => true).lastLines(3)).toEqual([])
  })
})

describe('lastLines', () => {
  it('are the last that say something, safe to show', () => {
    const directory = mkdtempSync(join(tmpdir(), 'cs-con-'))
    const path = join(directory, 'c')
    writeFileSync(path, `${'x\n'.repeat(100_000)}a\r\n\r\n  \x1b[31mb\r\n`)
    expect(lastLines(path, 2)).toEqual(['a', '\\x1b[31mb'])
    expect(lastLines(`${path}-missing`, 2)).toEqual([])
    rmSync(directory, { recursive: true })
  })
})
