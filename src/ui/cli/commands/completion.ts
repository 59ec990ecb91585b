import { CryoscopeError } from '../../../errors.js'
import { escapeText } from '../../../text.js'
import { completionScripts, completions } from '../completion.js'
import { defineCommand, required } from '../definition.js'

/** What the scripts call: the words so far, of which the last is to be completed. */
const wordsAction = 'words'

export const completion = defineCommand({
  configure(command) {
    command
      .argument('<shell>', 'bash, zsh or fish')
      .argument('[words...]', 'what the script of a shell asks with')
      .addHelpText(
        'after',
        `
Completes commands, options, @names of guests, and in dumps the names of maps, programs, arenas, allocators, containers and pids.
  bash  echo 'source <(cryoscope completion bash)' >> ~/.bashrc
  zsh   cryoscope completion zsh > "\${fpath[1]}/_cryoscope"
  fish  cryoscope completion fish > ~/.config/fish/completions/cryoscope.fish`,
      )
  },
  async run(call) {
    const shell = required(call, 0)
    if (shell === wordsAction) {
      const words = (call.args[1] as unknown as readonly string[] | undefined) ?? []
      for (const word of await completions(words, call.commands())) await call.output.line(word)
      return 0
    }
    const script = Object.hasOwn(completionScripts, shell) ? completionScripts[shell] : undefined
    if (script === undefined) {
      const known = Object.keys(completionScripts).join(', ')
      throw new CryoscopeError('usage', `there is no completion for ${escapeText(shell)}; choose ${known}`)
    }
    await call.output.write(script)
    return 0
  },
})
