import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { takeLock } from '../../src/machine/file-lock.js'
import { identify, type ProcessIdentity } from '../../src/machine/host-process.js'
import { Looks } from '../../src/machine/looks.js'
import { guestFiles } from '../../src/machine/registry.js'

/** Our pid in another life. */
const dead: ProcessIdentity = { pid: process.pid, startTime: '1' }

let scratch: string
const looksOfAnother = (): Looks => new Looks(guestFiles(scratch))
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'cs-looks-'))
})
afterEach(() => rmSync(scratch, { recursive: true, force: true }))

function noteDead(name: string): void {
  mkdirSync(join(scratch, 'looks'), { recursive: true })
  writeFileSync(join(scratch, 'looks', name), JSON.stringify(dead))
}

describe('looks', () => {
  it('are counted until the last one ends', () => {
    const mine = looksOfAnother()
    const theirs = looksOfAnother()
    expect(mine.find()).toEqual({ living: 0, dead: [] })
    const [first, second] = [mine.add(), theirs.add()]
    expect(mine.find()).toEqual({ living: 2, dead: [] })
    expect(mine.remove(first)).toBe(true)
    expect(theirs.find().living).toBe(1)
    expect(theirs.remove(second)).toBe(true)
    expect(mine.find().living).toBe(0)
    expect(mine.remove(first)).toBe(false)
  })

  it('of dead processes are found once, and removed', () => {
    const looks = looksOfAnother()
    expect(looks.hasDead).toBe(false)
    noteDead('1.5')
    const name = looks.add()
    expect(looks.hasDead).toBe(true)
    expect(looks.find()).toEqual({ living: 1, dead: [dead] })
    expect(looks.find()).toEqual({ living: 1, dead: [] })
    expect(readdirSync(join(scratch, 'looks'))).toEqual([name])
  })

  it('end when somebody decides about the guest, but not the own ones', () => {
    const mine = looksOfAnother()
    const theirs = looksOfAnother()
    const [first, second] = [mine.add(), theirs.add()]
    mine.overrule()
    expect(theirs.remove(second)).toBe(false)
    expect(mine.remove(first)).toBe(true)
  })

  /** A guest that does what it is told. */
  const fakeGuest = (running: boolean) => {
    const guest = {
      running,
      driven: false,
      isRunning: async () => guest.running,
      isDriven: () => guest.driven,
      stop: async () => {
        guest.running = false
      },
      start: async () => {
        guest.running = true
      },
    }
    return guest
  }

  it('leave it frozen in the end when it ran only because somebody steps it', async () => {
    const guest = fakeGuest(true)
    const start = performance.now()
    guest.driven = true
    const look = await looksOfAnother().hold(guest)
    expect(performance.now() - start).toBeGreaterThan(4000)
    expect(guest.running).toBe(false)
    // Another look meets neither a note of the first nor a guest that runs.
    guest.driven = false
    expect(await looksOfAnother().hold(guest)).toBeUndefined()
    expect(look?.abandon()).toBe(false)
    await look?.release()
    expect(guest.running).toBe(false)
  }, 20_000)

  it('wait for a step that is under way', async () => {
    const guest = fakeGuest(true)
    guest.driven = true
    setTimeout(() => {
      guest.driven = false
      guest.running = false
    }, 50)
    expect(await looksOfAnother().hold(guest)).toBeUndefined()
  })

  it('hold the guest until the last one lets go', async () => {
    const guest = fakeGuest(true)
    const first = await looksOfAnother().hold(guest)
    const second = await looksOfAnother().hold(guest)
    await first?.release()
    expect(guest.running).toBe(false)
    await second?.release()
    expect(guest.running).toBe(true)
  })

  it('are none at a guest that stands still on purpose, and end when somebody makes it stand', async () => {
    const guest = fakeGuest(false)
    expect(await looksOfAnother().hold(guest)).toBeUndefined()
    await guest.start()
    const look = await looksOfAnother().hold(guest)
    looksOfAnother().overrule()
    await look?.release()
    expect(guest.running).toBe(false)
  })

  it('take over from a dead one, and tell a process that ends whether to thaw', async () => {
    const guest = fakeGuest(false)
    noteDead('1.5')
    const first = await looksOfAnother().hold(guest)
    const second = await looksOfAnother().hold(guest)
    expect(first?.abandon()).toBe(false)
    expect(second?.abandon()).toBe(true)
    expect(second?.abandon()).toBe(false)
  })

  it('leave no note when the guest cannot be stopped', async () => {
    const looks = looksOfAnother()
    const guest = { ...fakeGuest(true), stop: () => Promise.reject(new Error('deaf')) }
    await expect(looks.hold(guest)).rejects.toThrow('deaf')
    expect(looks.find().living).toBe(0)
  })

  it('that are garbage are nobody', () => {
    const looks = looksOfAnother()
    mkdirSync(join(scratch, 'looks'))
    for (const [name, text] of Object.entries({ a: '', b: '{', c: '{"pid":"1"}', d: 'null' }))
      writeFileSync(join(scratch, 'looks', name), text)
    expect(looks.hasDead).toBe(false)
    expect(looks.find()).toEqual({ living: 0, dead: [] })
    expect(readdirSync(join(scratch, 'looks'))).toEqual([])
  })

  it('are changed by one at a time', async () => {
    const unlock = await looksOfAnother().lock()
    let entered = false
    const waiting = looksOfAnother()
      .lock()
      .then((release) => {
        entered = true
        release()
      })
    await new Promise((resolve) => setTimeout(resolve, 40))
    expect(entered).toBe(false)
    unlock()
    await waiting
    expect(readdirSync(scratch)).toEqual([])
  })
})

describe('a lock file', () => {
  it('of a dead process is taken by exactly one of many at a time', async () => {
    const path = join(scratch, 'lock')
    writeFileSync(path, JSON.stringify(dead))
    let inside = 0
    let most = 0
    await Promise.all(
      Array.from({ length: 20 }, async () => {
        const unlock = await takeLock(path, { patience: 5000, holderIs: 'is busy' })
        most = Math.max(most, ++inside)
        await new Promise((resolve) => setTimeout(resolve, 1))
        inside--
        unlock()
      }),
    )
    expect(most).toBe(1)
    expect(readdirSync(scratch)).toEqual([])
  })

  it('says who has it when patience ends', async () => {
    const path = join(scratch, 'lock')
    writeFileSync(path, JSON.stringify(identify(process.pid)))
    await expect(takeLock(path, { patience: 1, holderIs: 'is busy' })).rejects.toThrow(
      `process ${process.pid} is busy; wait until it has finished`,
    )
  })
})
