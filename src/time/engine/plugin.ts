import { spawnSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { CryoscopeError } from '../../errors.js'
import { packageRoot } from '../../package-root.js'
import { escapeText } from '../../text.js'

/** QEMU's plugin interfaces that engine/Makefile builds for, the newest first. */
const interfaces = [7, 2, 1] as const
/** What was built here comes first; prebuilt/ needs no compiler. */
const places = ['build', 'prebuilt'] as const
/** How a plugin that was loaded ends QEMU when it is only to say so. */
const loaded = 77

const found = new Map<string, string>()

/** The build of our plugin that this QEMU loads. Throws 'environment' with what to do where there is none. */
export function findPlugin(qemu: string): string {
  const { mtimeMs, size } = statSync(qemu)
  const key = `${qemu}\0${mtimeMs}\0${size}`
  const known = found.get(key)
  if (known !== undefined) return known
  if (process.arch !== 'x64') {
    throw new CryoscopeError(
      'environment',
      `deterministic guests need a host of x86-64: this is ${process.arch}, where the plugin cannot read registers`,
    )
  }
  let words = ''
  for (const version of interfaces) {
    const file = places
      .map((place) => join(packageRoot(), 'engine', place, `record-${version}.so`))
      .find((path) => existsSync(path))
    if (file === undefined) continue
    const plugin = `${file.replaceAll(',', ',,')},probe=on`
    const args = ['-machine', 'none', '-nodefaults', '-display', 'none', '-plugin', plugin]
    const { status, stderr } = spawnSync(qemu, args, { encoding: 'utf8', timeout: 20_000 })
    if (status === loaded) {
      found.set(key, file)
      return file
    }
    words = stderr
  }
  throw new CryoscopeError('environment', explain(qemu, words))
}

/** What helps where a run does not repeat; nothing is known to where QEMU is one that repeats, or there is one vCPU. */
export function repeatHint(plugin: string, cpus: number): string {
  const isNewest = plugin.endsWith(`record-${interfaces[0]}.so`)
  return isNewest && cpus > 1
    ? '. QEMU 11 does not run several vCPUs the same way each time: use QEMU 7.2 to 10, or --cpus 1'
    : ''
}

function explain(qemu: string, words: string): string {
  if (words === '') {
    return 'the plugin for deterministic guests is missing: engine/prebuilt has none of it; make -C engine builds it with any C compiler'
  }
  const shown = escapeText(qemu)
  if (/-plugin: (invalid option|Option not supported)|plugin.*(not supported|disabled)/i.test(words)) {
    return `${shown} was built without plugins (--enable-plugins), which deterministic guests need; Debian's QEMU has them`
  }
  const last = words.trim().split('\n').at(-1) ?? ''
  return `${shown} takes none of our plugin's builds (for its interfaces ${[...interfaces].reverse().join(', ')}): ${escapeText(last)}`
}
