import { escapeText } from '../../text.js'
import { commandSummaries } from '../command-summaries.js'

interface ReadmeOptions {
  readonly title: string
  readonly about: string
  /** Names of commands that show the same. */
  readonly commands: readonly string[]
  /** What is in the directory and says of itself what it is. */
  readonly entries: Iterable<readonly [name: string, about: string]>
}

/** The README.md of a directory. What it says of commands is what `cryoscope --help` says. */
export function readme({ title, about, commands: names, entries }: ReadmeOptions): string {
  const files = [...entries].map(([name, text]) => `- \`${name}\`: ${escapeText(text)}`)
  const same = commandSummaries
    .filter(({ name }) => names.includes(name))
    .map(({ summary, example }) => `- \`${example}\`: ${summary}`)
  return [
    `# ${escapeText(title)}`,
    '',
    escapeText(about),
    ...(files.length === 0 ? [] : ['', ...files]),
    ...(same.length === 0 ? [] : ['', 'On the command line:', '', ...same]),
    '',
  ].join('\n')
}
