import { describe, expect, it } from 'vitest'
import { hexAddress } from '../../src/contract/json.js'
import { writeMapJson, writeMapLines } from '../../src/ui/cli/map-json.js'
import { Output } from '../../src/ui/cli/output.js'
import { capture, Recorder } from '../ui/support/capture.js'
import { fakeMap } from '../ui/support/fake-map.js'

const all = { key: undefined, limit: Number.POSITIVE_INFINITY }

function* entries(count: number): Generator<string> {
  for (let n = 0; n < count; n++) {
    yield `{"key":{"hex":"${n.toString(16).padStart(8, '0')}","value":${n}},"value":{"hex":"00"}}`
  }
}

async function written(
  options: Parameters<typeof fakeMap>[0],
  choice: { key: unknown; limit: number } = all,
) {
  const { output, stdout } = capture()
  const count = await writeMapJson(output, fakeMap(options), choice)
  return { count, document: JSON.parse(stdout()) as Record<string, unknown> }
}

describe('the JSON of a map', () => {
  it('has the shape that scripts rely on', async () => {
    const { document } = await written({ id: 12, name: 'task_ctx', type: 'hash', entries: entries(2) })
    expect(document).toEqual({
      id: 12,
      name: 'task_ctx',
      type: 'hash',
      keySize: 4,
      valueSize: 8,
      maxEntries: 16,
      flags: 0,
      address: '0xffff888000001000',
      keyType: null,
      valueType: null,
      entries: [
        { key: { hex: '00000000', value: 0 }, value: { hex: '00' } },
        { key: { hex: '00000001', value: 1 }, value: { hex: '00' } },
      ],
    })
  })

  it('is valid with no entries', async () => {
    expect((await written({})).document.entries).toEqual([])
  })

  it('says truncated only when the limit cut something', async () => {
    const cut = await written({ entries: entries(5) }, { key: undefined, limit: 3 })
    expect(cut.document).toMatchObject({ truncated: true })
    expect(cut.document.entries).toHaveLength(3)
    const exact = await written({ entries: entries(5) }, { key: undefined, limit: 5 })
    expect(exact.document).not.toHaveProperty('truncated')
    expect(exact.document.entries).toHaveLength(5)
    const none = await written({ entries: entries(5) }, { key: undefined, limit: 0 })
    expect(none.document).toMatchObject({ entries: [], truncated: true })
  })

  it('names what could not be read', async () => {
    const { document } = await written({
      entries: entries(1),
      problems: [{ where: 'types of this map', why: 'cut short' }],
      trouble: { where: 'bucket 3', why: 'the list loops' },
    })
    expect(document.problems).toEqual([
      { where: 'types of this map', why: 'cut short' },
      { where: 'bucket 3', why: 'the list loops' },
    ])
  })

  it('does not pass off unread entries as none', async () => {
    const { document } = await written({ unsupported: 'entries of an arena are not read' })
    expect(document.entries).toBeNull()
    expect(document.problems).toEqual([{ where: 'entries', why: 'entries of an arena are not read' }])
  })

  it('has the state of maps that have one', async () => {
    const { document } = await written({
      state: { producerPosition: 2n ** 60n, dataAddress: hexAddress(0xffff888000000000n) },
    })
    expect(document.state).toEqual({
      producerPosition: '1152921504606846976',
      dataAddress: '0xffff888000000000',
    })
    expect((await written({})).document).not.toHaveProperty('state')
  })

  it('holds the one entry with a key', async () => {
    const { document } = await written({ entries: entries(9) }, { key: 7, limit: Number.POSITIVE_INFINITY })
    expect(document.entries).toEqual([{ key: { hex: '07000000' }, value: { hex: '00' } }])
  })

  it('is handed on in pieces while the entries are read', async () => {
    const stdout = new Recorder()
    const output = new Output({ stdout, stderr: new Recorder(), environment: {} })
    let longest = 0
    let before = 0
    function* watched() {
      for (const entry of entries(100_000)) {
        if (stdout.text.length > before) longest = Math.max(longest, stdout.text.length - before)
        before = stdout.text.length
        yield entry
      }
    }
    expect(await writeMapJson(output, fakeMap({ entries: watched() }), all)).toBe(100_000)
    expect(stdout.writes).toBeGreaterThan(50)
    expect(longest).toBeLessThan(100_000)
    expect((JSON.parse(stdout.text) as { entries: unknown[] }).entries).toHaveLength(100_000)
  })
})

describe('JSON lines of a map', () => {
  it('are entries and nothing else; problems go to stderr', async () => {
    const { output, stdout, stderr } = capture()
    await writeMapLines(
      output,
      fakeMap({ entries: entries(3), trouble: { where: 'bucket 1', why: 'gone' } }),
      all,
    )
    const lines = stdout().trimEnd().split('\n')
    expect(lines.map((line) => (JSON.parse(line) as { key: { value: number } }).key.value)).toEqual([0, 1, 2])
    expect(stderr()).toBe('cryoscope: not all could be read: bucket 1: gone\n')
  })
})
