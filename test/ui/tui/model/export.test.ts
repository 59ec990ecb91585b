import { describe, expect, it } from 'vitest'
import { exportText, fileNamed } from '../../../../src/ui/tui/model/export.js'

const columns = [{ title: 'NAME' }, { title: 'RIP' }]

describe('exportText', () => {
  it('writes addresses as addresses', () => {
    const row = {
      id: 'r',
      cells: ['rip', '0xffffffff81000000'],
      value: () => 0xffffffff81000000n,
      copy: '0xffffffff81000000',
    }
    expect(JSON.parse(exportText('json', columns, [row]))).toEqual([
      { name: 'rip', rip: '0xffffffff81000000', value: '0xffffffff81000000' },
    ])
  })

  it('quotes text once in CSV', () => {
    const rows = [
      { id: 'a', cells: ['"demo_load"', '1'] },
      { id: 'b', cells: ['"a, b"', '2'] },
      { id: 'c', cells: ['"\\x01"', '3'] },
    ]
    expect(exportText('csv', columns, rows)).toBe('NAME,RIP\r\ndemo_load,1\r\n"a, b",2\r\n\\x01,3\r\n')
  })
})

describe('fileNamed', () => {
  it('knows the home directory', () => {
    expect(fileNamed('~/x.csv', '/home/me')).toBe('/home/me/x.csv')
    expect(fileNamed('x~.csv', '/home/me')).toBe('x~.csv')
  })
})
