import { describe, expect, it } from 'vitest'
import { textWidth } from '../../../src/present/text/fit.js'
import { tableLines } from '../../../src/present/text/layout.js'
import { pairLines } from '../../../src/present/text/lines.js'
import { printMaps } from '../../../src/ui/cli/commands/maps.js'
import { printTable } from '../../../src/ui/cli/table.js'
import { capture } from '../support/capture.js'
import { fakeMap } from '../support/fake-map.js'

const columns = [{ title: 'ID', align: 'right', rigid: true }, { title: 'NAME' }, { title: 'WHAT' }] as const
const rows = [
  ['1', 'short', 'a text that is long enough to be cut when the terminal is narrow'],
  ['12345', 'a_name_of_some_length', 'short'],
]

describe.each([40, 80, 200])('a table of %i columns', (width) => {
  it('fits, and shows ids whole', () => {
    const lines = tableLines(columns, rows, width)
    expect(lines).toHaveLength(3)
    for (const line of lines) {
      expect(textWidth(line)).toBeLessThanOrEqual(width)
      expect(line).toBe(line.trimEnd())
    }
    expect(lines[2]).toContain('12345')
    const whole = lines.join('\n').includes('cut when the terminal is narrow')
    expect(whole).toBe(width === 200)
    expect(lines.join('\n').includes('…')).toBe(width !== 200)
  })

  it('keeps hostile names of a guest on their line', async () => {
    const { output, stdout } = capture({ columns: width, environment: { NO_COLOR: '1' } })
    const names = ['plain', 'a\u001b[2Jb', 'c\nd', 'e\u202ef', '\u0000', 'x'.repeat(300)]
    await printMaps(output, { maps: names.map((name, id) => fakeMap({ id, name })), problems: [] })
    const lines = stdout().trimEnd().split('\n')
    expect(lines).toHaveLength(names.length + 1)
    for (const line of lines) {
      expect(textWidth(line)).toBeLessThanOrEqual(width)
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not come through.
      expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/)
    }
    expect(lines[2]).toContain('a\\x1b')
  })
})

it('of no maps says that there are none only where everything was read', async () => {
  const { output, stderr } = capture()
  await printMaps(output, { maps: [], problems: [] })
  await printMaps(output, { maps: [], problems: ['map_idr: its root is gone'] })
  expect(stderr()).toContain('this kernel holds no BPF map')
  expect(stderr()).toContain('No BPF map could be read; there may be some: map_idr: its root is gone')
  expect(stderr().match(/holds no BPF map/g)).toHaveLength(1)
})

describe('a table', () => {
  it('aligns numbers to the right', () => {
    expect(tableLines(columns.slice(0, 2), [['7', 'x']], 80)).toEqual(['ID  NAME', ' 7  x'])
  })

  it('has its header even without rows', async () => {
    const { output, stdout } = capture()
    await printTable(output, columns, [])
    expect(stdout()).toBe('ID  NAME  WHAT\n')
  })

  it('prints many rows part by part, with one header', async () => {
    const { output, stdout } = capture()
    function* numbers() {
      for (let n = 0; n < 1234; n++) yield [String(n), 'n', '-']
    }
    await printTable(output, columns, numbers())
    const lines = stdout().trimEnd().split('\n')
    expect(lines).toHaveLength(1235)
    expect(lines.filter((line) => line.includes('NAME'))).toHaveLength(1)
  })

  it('is bold at the top on terminals, unless NO_COLOR forbids', async () => {
    const coloured = capture({ columns: 80 })
    await printTable(coloured.output, columns, rows)
    expect(coloured.stdout().startsWith('\u001b[1m')).toBe(true)
    for (const options of [{ columns: 80, environment: { NO_COLOR: '1' } }, {}]) {
      const plain = capture(options)
      await printTable(plain.output, columns, rows)
      expect(plain.stdout()).not.toContain('\u001b')
    }
  })
})

describe('pairs', () => {
  it('go on below their value', () => {
    const lines = pairLines(
      [
        ['kernel', 'one two three four five six seven eight'],
        ['x', 'y'],
      ],
      30,
    )
    expect(lines).toEqual(['kernel  one two three four', '        five six seven eight', 'x       y'])
  })
})
