import { commands } from './commands.js'

/** `cryoscope COMMAND …`: loads the one command that is meant, and nothing else. */
async function main(words: readonly string[]): Promise<void> {
  const [name = 'help', ...rest] = words
  const entry = commands.find((command) => command.name === name)
  if (entry !== undefined) {
    const { runCommand } = await import('./run.js')
    await runCommand(entry, rest)
    return
  }
  const { runWithoutCommand } = await import('./front.js')
  await runWithoutCommand(name, rest)
}

void main(process.argv.slice(2))
