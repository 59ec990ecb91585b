import { statSync } from 'node:fs'
import { Command } from 'commander'
import { Registry } from '../../machine/registry.js'
import type { Session } from '../../session/session.js'
import type { CommandEntry } from './commands.js'

/** Arguments that name something in the target before them, and the names that there are. */
const namesIn: Readonly<Record<string, (vm: Session) => string[]>> = {
  map: (vm) => vm.maps.map(({ name }) => name),
  program: (vm) => vm.progs.map(({ name }) => name),
  arena: (vm) => vm.arenas.map(({ name }) => name),
  allocator: (vm) => vm.allocators.map(({ name }) => name),
  container: (vm) => vm.containers.map(({ name }) => name),
  pid: (vm) => vm.tasks.map(({ pid }) => String(pid)),
}

/**
 * What may stand at the place of the last word of a command line (without `cryoscope`), one of which it may be the
 * beginning. Empty where files are meant, or nothing is known.
 */
export async function completions(
  words: readonly string[],
  commands: readonly CommandEntry[],
): Promise<string[]> {
  const last = words.at(-1) ?? ''
  const found = await candidates(words.slice(0, -1), last, commands)
  return [...new Set(found)].filter((word) => word.startsWith(last) && /^[\x21-\x7e]+$/.test(word)).sort()
}

async function candidates(
  before: readonly string[],
  last: string,
  commands: readonly CommandEntry[],
): Promise<string[]> {
  const [name, ...rest] = before
  if (name === undefined) return [...commands.map((command) => command.name), 'help', '--version']
  if (name === 'help') return commands.map((command) => command.name)
  const entry = commands.find((command) => command.name === name)
  if (entry === undefined) return []
  const command = new Command()
  ;(await entry.load()).configure(command)
  const visible = command.options.filter(({ hidden }) => !hidden)
  const value = visible.find(({ long, short, flags }) => {
    const previous = rest.at(-1)
    return previous !== undefined && (previous === long || previous === short) && /[<[]/.test(flags)
  })
  if (value !== undefined) return [...(value.argChoices ?? [])]
  if (last.startsWith('-')) return [...visible.flatMap(({ long }) => long ?? []), '--help']
  const positional = rest.filter(
    (word, index) => !word.startsWith('-') && !takesValue(command, rest[index - 1]),
  )
  const argument = command.registeredArguments[positional.length]?.name()
  if (argument === undefined) return []
  if (/^(target|guest|before|after)/.test(argument)) return guests()
  const names = namesIn[argument.replace(/s?(…|\.\.\.)?$/, '')] ?? namesIn[argument]
  const [target] = positional
  return names === undefined || target === undefined ? [] : await namesOf(target, names)
}

function takesValue(command: Command, word: string | undefined): boolean {
  const option = command.options.find(
    ({ long, short }) => word !== undefined && (word === long || word === short),
  )
  return option !== undefined && /[<[]/.test(option.flags)
}

function guests(): string[] {
  return new Registry().list().map(({ record }) => `@${record.name}`)
}

/** Names in a dump. A guest that runs is not stopped for the sake of a key. */
async function namesOf(target: string, names: (vm: Session) => string[]): Promise<string[]> {
  if (!statSync(target, { throwIfNoEntry: false })?.isFile()) return []
  const { open } = await import('../../session/open.js')
  const session = await open(target)
  try {
    return names(session)
  } finally {
    await session.close()
  }
}

/** Scripts that make a shell ask `completions`; each falls back to files. */
export const completionScripts: Readonly<Record<string, string>> = {
  bash: `_cryoscope() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do COMPREPLY+=("$line"); done < <(cryoscope completion words -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _cryoscope cryoscope
`,
  zsh: `#compdef cryoscope
_cryoscope() {
  local -a found
  found=("\${(@f)$(cryoscope completion words -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "\${found[*]}" ]]; then compadd -a found; else _files; fi
}
if [[ "$funcstack[1]" = _cryoscope ]]; then _cryoscope "$@"; else compdef _cryoscope cryoscope; fi
`,
  fish: `function __cryoscope_words
  set -l words (commandline -opc) (commandline -ct)
  cryoscope completion words -- $words[2..-1] 2>/dev/null
end
complete -c cryoscope -a '(__cryoscope_words)'
`,
}
