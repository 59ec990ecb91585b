import { spawnSync } from 'node:child_process'
import { Command } from 'commander'
import { beforeAll, describe, expect, it } from 'vitest'
// @ts-expect-error a script without types
import { manPage } from '../../scripts/man.js'
import { commands } from '../../src/ui/cli/commands.js'
import { generalHelp } from '../../src/ui/cli/front.js'
import { parseAndRun } from '../../src/ui/cli/run.js'
import { capture } from '../ui/support/capture.js'

let page: string

beforeAll(async () => {
  const helps = new Map<string | undefined, string>([[undefined, generalHelp({ bold: (text) => text })]])
  for (const entry of commands) {
    const { output, stdout } = capture()
    await parseAndRun(entry, await entry.load(), ['--help'], output)
    helps.set(entry.name, stdout())
  }
  page = manPage({ version: '1.2.3', description: '.dots and back\\slashes' }, (name?: string) =>
    helps.get(name),
  )
}, 60_000)

/** As roff shows text: without the escapes that keep it from being read as requests. */
const plain = (text: string) => text.replace(/^\\&/gm, '').replace(/\\-/g, '-').replace(/\\e/g, '\\')

describe('the man page', () => {
  it('has a section for every command, in the order of help, and no other', () => {
    const sections = [...page.matchAll(/^\.SS (.*)$/gm)].map(([, name]) => name)
    expect(sections).toEqual(commands.map(({ name }) => name))
  })

  it('tells every option of each, and the example', async () => {
    const sections = new Map(
      page.split(/^\.S[SH] /m).map((section) => [section.slice(0, section.indexOf('\n')), plain(section)]),
    )
    for (const { name, example, load } of commands) {
      const command = new Command()
      ;(await load()).configure(command)
      const section = sections.get(name)
      expect(section).toContain(`$ ${example}`)
      for (const { long, hidden } of command.options) {
        if (!hidden && long) expect(section, `${name} ${long}`).toContain(long)
      }
    }
  })

  it('says the version, the exit statuses and what the environment does', () => {
    expect(page).toMatch(/^\.TH CRYOSCOPE 1 "" "cryoscope 1\.2\.3"$/m)
    const [, status = ''] = /^\.SH EXIT STATUS\n((?:(?!\.SH).*\n)*)/m.exec(page) ?? []
    expect([...status.matchAll(/^\.TP\n(\d)$/gm)].map(([, code]) => code)).toEqual(['0', '1', '2', '3'])
    expect(page).toContain('CRYOSCOPE_DEBIAN_MIRROR')
  })

  it('is read by roff without a complaint, and shows text as it is', () => {
    expect(page).toContain('\n\\&.dots and back\\eslashes\n')
    const { error, status, stderr, stdout } = spawnSync('groff', ['-man', '-Tutf8', '-ww', '-P-cbou'], {
      input: page,
      encoding: 'utf8',
    })
    if (error !== undefined) return
    expect([status, stderr]).toEqual([0, ''])
    expect(stdout).toContain('.dots and back\\slashes')
  })
})
