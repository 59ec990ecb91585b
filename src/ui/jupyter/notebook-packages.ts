/** What only notebooks need is not installed with the package: tslab brings a compiler of its own, and 85 MB. */
import { createRequire } from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { CryoscopeError } from '../../errors.js'
import { packageRoot } from '../../package-root.js'

/** The version that this package was tried with. */
const tslab = 'tslab@1'

/** Where people put it beside nothing of theirs: $XDG_DATA_HOME/cryoscope/notebooks. */
export function notebookDirectory(environment: NodeJS.ProcessEnv = process.env): string {
  return join(environment.XDG_DATA_HOME || join(homedir(), '.local/share'), 'cryoscope/notebooks')
}

/** The command that installs it. */
export function notebookInstall(): string {
  return `npm install --prefix ${notebookDirectory()} ${tslab}`
}

/**
 * Requires a module as tslab sees it: tslab itself, its compiler, zeromq. It is looked for beside this package and in
 * `notebookDirectory`. Throws 'environment' with the command that installs it.
 */
export function requireForNotebooks(): NodeJS.Require {
  for (const place of [packageRoot(), notebookDirectory()]) {
    try {
      return createRequire(createRequire(join(place, 'package.json')).resolve('tslab/package.json'))
    } catch {
      // Not here.
    }
  }
  throw new CryoscopeError(
    'environment',
    `notebooks run on tslab, which is not installed; install it: ${notebookInstall()}`,
  )
}
