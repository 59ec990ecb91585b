import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { commands } from '../../../src/ui/cli/commands.js'

const text = readFileSync(new URL('../../../docs/cli.md', import.meta.url), 'utf8')
const sections = new Map(
  text
    .split(/^### /m)
    .slice(1)
    .map((section) => [section.slice(0, section.indexOf('\n')).trim(), section]),
)

describe('docs/cli.md', () => {
  it('has a section for every command, in the order of help, and no other', () => {
    expect([...sections.keys()]).toEqual(commands.map(({ name }) => name))
  })

  it.each(commands)('names every option and argument of $name', async ({ name, load }) => {
    const command = new Command()
    ;(await load()).configure(command)
    const section = sections.get(name) ?? ''
    for (const { long, hidden } of command.options) {
      if (!hidden && long) expect(section, `${name} ${long}`).toContain(long)
    }
    const mentioned = [...section.matchAll(/(?<![\w-])--[a-z][a-z-]*/g)].map(([word]) => word)
    const known = new Set(['--', ...command.options.map(({ long }) => long)])
    for (const word of new Set(mentioned)) expect([...known], `${name} has no ${word}`).toContain(word)
  })
})
