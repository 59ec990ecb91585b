import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { nearNames } from '../../btf/near-names.js'
import { CryoscopeError } from '../../errors.js'
import { packageRoot } from '../../package-root.js'
import { escapeText } from '../../text.js'
import { groups } from '../command-summaries.js'
import { type CommandEntry, commands } from './commands.js'
import { finish, guarded } from './failures.js'
import { Output } from './output.js'

const helpWords = new Set(['help', '--help', '-h', '-?'])
const versionWords = new Set(['version', '--version', '-V', '-v'])

/** What does not start with a command: help, the version, or a mistake. */
export async function runWithoutCommand(word: string, rest: readonly string[]): Promise<void> {
  const output = new Output()
  const [topic] = rest
  const entry = commands.find(({ name }) => name === topic)
  if (helpWords.has(word) && entry !== undefined) {
    const { runCommand } = await import('./run.js')
    return await runCommand(entry, ['--help'])
  }
  const code = await guarded(output, async () => {
    if (versionWords.has(word)) await output.line(`cryoscope ${version()}`)
    else if (helpWords.has(word) && topic === undefined) await output.write(generalHelp(output))
    else throw unknownCommand(helpWords.has(word) && topic !== undefined ? topic : word)
    return 0
  })
  finish(code)
}

export function unknownCommand(word: string): CryoscopeError {
  const near = nearNames(
    word,
    commands.map(({ name }) => name),
  )
  const hint =
    near.length === 0 ? 'cryoscope --help lists the commands' : `did you mean ${near.join(' or ')}?`
  return new CryoscopeError('usage', `there is no command "${escapeText(word)}"; ${hint}`)
}

/** The page that `cryoscope` alone prints: every command by a call that works, in groups. */
export function generalHelp(output: Pick<Output, 'bold'>): string {
  const width = Math.max(...commands.map(({ name }) => name.length))
  const sections = groups.map((group) => {
    const members = commands.filter((command) => command.group === group)
    return [output.bold(group), ...members.flatMap((command) => commandHelp(command, width)), ''].join('\n')
  })
  return `cryoscope freezes a running Linux guest and lets you look inside:
BPF maps, typed kernel objects, tasks, from nothing but the guest's memory.

${output.bold('Usage')}  cryoscope COMMAND [ARGUMENTS]

${sections.join('\n')}
${output.bold('Targets')}
  vmcore    a dump file: an ELF core or a kdump-compressed dump, of QEMU, of a
            crashed machine, of makedumpfile or of "cryoscope dump"
  @vm1      a guest that "cryoscope boot --detach" left running; a command that
            looks freezes it for the time of the reading

Most commands take --json. "cryoscope help COMMAND" tells everything about one.
"cryoscope demo" is the quickest way to see what this is.
`
}

function commandHelp({ name, summary, example }: CommandEntry, width: number): string[] {
  return [`  ${name.padEnd(width)}  ${summary}`, `  ${''.padEnd(width)}  $ ${example}`]
}

/** Put in by the build: what was built, where it was built in a checkout. */
declare const __COMMIT__: string | undefined

/** "0.1.0 (71c908c)". */
function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8'))
  const number = String((manifest as { version?: unknown }).version)
  const commit = typeof __COMMIT__ === 'string' ? __COMMIT__ : ''
  return commit === '' ? number : `${number} (${commit})`
}
