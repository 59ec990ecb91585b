import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { CryoscopeError } from '../../src/errors.js'
import { Report } from '../../src/report/report.js'
import { bpfWorld, sessionOf } from './support/worlds.js'

describe('the file of a report', () => {
  const directory = mkdtempSync(join(tmpdir(), 'cryoscope-test-'))
  afterAll(() => rmSync(directory, { recursive: true }))
  const path = join(directory, 'report.json')
  const read = (text: string) => {
    writeFileSync(path, text)
    return Report.read(path)
  }

  it('is a report again', () => {
    const report = Report.take(sessionOf(bpfWorld().memory))
    const again = read([...report.json()].join(''))
    expect(again.head).toEqual(JSON.parse(JSON.stringify(report.head)))
    expect([...again.entries(0)]).toEqual([...report.entries(0)])
  })

  it.each([
    ['{', 'unreadable', 'is no report: it is not JSON'],
    ['{"schema":{"name":"other"}}', 'unreadable', 'no report (cryoscope report TARGET --json writes one)'],
    ['[]', 'unreadable', 'no report'],
    ['null', 'unreadable', 'no report'],
    ['{"schema":{"name":"cryoscope-report","major":9}}', 'unreadable', 'is a report of version 9'],
    [
      '{"schema":{"name":"cryoscope-report","major":2}}',
      'unreadable',
      'is a report without environment, time',
    ],
  ])('that is none is refused with a sentence: %s', (text, code, message) => {
    expect(() => read(text)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) }),
    )
    expect(() => read(text)).toThrow(CryoscopeError)
  })

  it('that is not there is said to be so', () => {
    expect(() => Report.read(join(directory, 'none'))).toThrow(expect.objectContaining({ code: 'not-found' }))
  })
})
