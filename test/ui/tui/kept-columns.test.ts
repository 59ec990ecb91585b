import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { keepHidden, readHidden } from '../../../src/ui/tui/kept-columns.js'

describe('columns that were not wanted', () => {
  let directory: string
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'cryoscope-columns-'))
  })
  afterEach(() => rmSync(directory, { recursive: true, force: true }))
  const environment = () => ({ XDG_STATE_HOME: directory })
  const file = () => join(directory, 'cryoscope', 'columns.json')
  const write = (text: string): void => {
    mkdirSync(join(directory, 'cryoscope'), { recursive: true })
    writeFileSync(file(), text)
  }

  it('are none the first time, and known the next', () => {
    expect(readHidden(environment())).toEqual({})
    keepHidden({ tasks: ['PID', 'WAIT'] }, environment())
    expect(readHidden(environment())).toEqual({ tasks: ['PID', 'WAIT'] })
  })

  it.each(['', '{', 'null', '7', '[]', '{"tasks":"PID"}', '{"tasks":[1]}'])(
    'are none in a file of %s',
    (text) => {
      write(text)
      expect(readHidden(environment())).toEqual({})
    },
  )

  it('are forgotten where they cannot be kept', () => {
    writeFileSync(join(directory, 'cryoscope'), '')
    keepHidden({ tasks: ['PID'] }, environment())
    expect(readHidden(environment())).toEqual({})
  })
})
