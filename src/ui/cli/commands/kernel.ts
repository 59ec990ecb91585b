import { CryoscopeError } from '../../../errors.js'
import { defineCommand, required } from '../definition.js'

interface Options {
  readonly user?: boolean
  readonly prefix?: string
  readonly target?: string
  readonly name?: string
}

export const kernel = defineCommand<Options>({
  configure(command) {
    command
      .argument('<action>', 'install: write the kernelspec that Jupyter finds')
      .option('--user', "into the user's own directory, which is the default")
      .option('--prefix <directory>', 'into a prefix such as /usr/local or a virtual environment')
      .option('--target <target>', 'what new notebooks open: demo, a dump file, or @name of a guest')
      .option('--name <name>', 'what the kernel is called; default cryoscope, with a target cryoscope-TARGET')
      .addHelpText(
        'after',
        `
Then: jupyter notebook, New, cryoscope (TypeScript). No Python package is needed beside Jupyter itself. Cells run on tslab,
which comes separately; where it is missing, this says how to install it.`,
      )
  },
  async run(call) {
    const { output, options } = call
    const action = required(call, 0)
    if (action !== 'install') {
      throw new CryoscopeError('usage', `kernel knows "install" only; write cryoscope kernel install`)
    }
    if (options.user === true && options.prefix !== undefined) {
      throw new CryoscopeError('usage', '--user and --prefix name two places; give one of them')
    }
    const { requireForNotebooks } = await import('../../jupyter/notebook-packages.js')
    requireForNotebooks()
    const { installKernelSpec } = await import('../../jupyter/kernel-spec.js')
    const { target } = options
    const name = options.name ?? (target === undefined ? undefined : `cryoscope-${nameOf(target)}`)
    const {
      displayName,
      directory,
      name: installed,
    } = installKernelSpec({ prefix: options.prefix, target, name })
    await output.line(`installed "${displayName}" as ${installed} in ${directory}`)
    return 0
  },
})

/** What a target is called in the name of a kernel. */
function nameOf(target: string): string {
  const last = target.split('/').at(-1) ?? target
  return last.replace(/[^\w.-]+/g, '-').replace(/^-+/, '') || 'target'
}
