import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { CryoscopeError } from '../../errors.js'
import { packageRoot } from '../../package-root.js'
import { escapeText } from '../../text.js'

/** Where a kernelspec goes, and what it is for. */
export interface KernelSpecOptions {
  /** A prefix such as /usr/local or a virtual environment; without it, the user's own directory. */
  readonly prefix?: string | undefined
  /** What new notebooks open: `demo`, a dump file, or `@name`. */
  readonly target?: string | undefined
  /** Default `cryoscope`. */
  readonly name?: string | undefined
}

export interface InstalledKernelSpec {
  readonly name: string
  readonly displayName: string
  readonly directory: string
}

/** Writes a kernelspec, as Jupyter's documentation of kernels describes it. Throws 'environment' where it may not. */
export function installKernelSpec(options: KernelSpecOptions): InstalledKernelSpec {
  const name = (options.name ?? 'cryoscope').toLowerCase()
  if (!/^[a-z0-9._-]+$/.test(name)) {
    throw new CryoscopeError(
      'usage',
      `a kernel's name is made of letters, digits, dots, dashes and underscores, not "${escapeText(name)}"`,
    )
  }
  const directory = join(kernelsDirectory(options.prefix), name)
  const template = join(packageRoot(), 'kernel-configs/jupyter')
  const spec = JSON.parse(readFileSync(join(template, 'kernel.json'), 'utf8')) as {
    argv: string[]
    display_name: string
  }
  const places: Readonly<Record<string, string>> = {
    '{node}': process.execPath,
    '{kernel}': join(packageRoot(), 'dist/bundle/kernel.js'),
  }
  spec.argv = spec.argv.map((word) => places[word] ?? word)
  if (options.target !== undefined) {
    spec.argv.push('--target', absoluteTarget(options.target))
    spec.display_name = `cryoscope: ${describeTarget(options.target)}`
  }
  try {
    mkdirSync(directory, { recursive: true })
    writeFileSync(join(directory, 'kernel.json'), `${JSON.stringify(spec, null, 2)}\n`)
    copyFileSync(join(template, 'logo-svg.svg'), join(directory, 'logo-svg.svg'))
  } catch (cause) {
    throw new CryoscopeError(
      'environment',
      `cannot write ${directory}: ${(cause as Error).message}; name a place you may write to with --prefix`,
      { cause },
    )
  }
  return { name, displayName: spec.display_name, directory }
}

function kernelsDirectory(prefix: string | undefined): string {
  if (prefix !== undefined) return join(resolve(prefix), 'share/jupyter/kernels')
  const data =
    process.env.JUPYTER_DATA_DIR ??
    join(process.env.XDG_DATA_HOME ?? join(homedir(), '.local/share'), 'jupyter')
  return join(data, 'kernels')
}

/** Kernels start in the notebook's directory: a file has to be named from the root. */
function absoluteTarget(target: string): string {
  return target === 'demo' || target === 'live' || target.startsWith('@') ? target : resolve(target)
}

function describeTarget(target: string): string {
  if (target === 'demo') return 'demo guest'
  return target === 'live' ? 'this host' : target
}
