import { CryoscopeError } from '../../../errors.js'
import { escapeText } from '../../../text.js'
import type { Check, Fetched, Remedy } from './check.js'
import { asRoot, type Surroundings } from './surroundings.js'

/** How things are done, so that tests can watch. */
export interface Hands {
  /** Runs a program that may speak to the person; its exit status. */
  run(program: string, words: readonly string[]): Promise<number>
  /** Throws CryoscopeError. */
  fetch(what: Fetched): Promise<void>
  /** Says what is being done. */
  say(sentence: string): void
}

/**
 * Does what helps where it can be done by this user without asking: of everything that is missing, or of the checks that are named.
 * What could not be done is in the answer, a sentence each. Throws 'usage' for a name that no check has.
 */
export async function mend(
  checks: readonly Check[],
  names: readonly string[],
  around: Surroundings,
  hands: Hands,
): Promise<string[]> {
  const chosen = choose(checks, names)
  const left: string[] = []
  const packages: string[] = []
  const others: [Check, Exclude<Remedy, { kind: 'package' }>][] = []
  for (const check of chosen) {
    const { remedy } = check
    if (remedy === undefined) left.push(...byHand(check))
    else if (remedy.kind === 'package') packages.push(remedy.name)
    else others.push([check, remedy])
  }
  left.push(...(await install(packages, around, hands)))
  // Fetching needs what the packages bring.
  for (const [check, remedy] of others) left.push(...(await apply(check, remedy, around, hands)))
  return left
}

function choose(checks: readonly Check[], names: readonly string[]): readonly Check[] {
  for (const name of names) {
    if (checks.every((check) => check.name !== name)) {
      const known = checks.map((check) => check.name).join(', ')
      throw new CryoscopeError(
        'usage',
        `doctor looks at nothing called ${escapeText(name)}; it looks at ${known}`,
      )
    }
  }
  return checks.filter(
    ({ name, state, isExtra = false }) =>
      state === 'missing' && (names.length === 0 ? !isExtra : names.includes(name)),
  )
}

function byHand({ name, fix }: Check): string[] {
  return fix === undefined ? [] : [`${name}: ${fix}`]
}

/** All at once; where that fails each alone, so that one that cannot be had takes no other with it. */
async function install(
  names: readonly string[],
  around: Surroundings,
  { run, say }: Hands,
): Promise<string[]> {
  if (names.length === 0) return []
  const apt = around.program('apt-get')
  if (apt === undefined) return [`packages: install what Debian calls ${names.join(' ')}`]
  const words = (packages: readonly string[]) => [
    ...['-qy', '-o', 'Dpkg::Use-Pty=0', 'install', '--no-install-recommends'],
    ...packages,
  ]
  const line = `apt-get install --no-install-recommends ${names.join(' ')}`
  if (!around.isRoot) return [`packages: ${asRoot(around, line)}`]
  say(`installing ${names.join(' ')}`)
  // Old lists may do.
  await run(apt, ['-q', 'update'])
  if ((await run(apt, words(names))) === 0) return []
  const failed: string[] = []
  for (const name of names) {
    if ((await run(apt, words([name]))) !== 0) failed.push(`${name}: apt-get cannot install it`)
  }
  return failed
}

async function apply(
  check: Check,
  remedy: Exclude<Remedy, { kind: 'package' }>,
  around: Surroundings,
  { run, fetch, say }: Hands,
): Promise<string[]> {
  if (remedy.kind === 'root') {
    if (!around.isRoot) return byHand(check)
    const line = [remedy.program, ...remedy.words].join(' ')
    say(line)
    const code = await run(remedy.program, remedy.words)
    return code === 0 ? [] : [`${check.name}: ${line} ended with status ${code}`]
  }
  try {
    await fetch(remedy.what)
    return []
  } catch (error) {
    if (!(error instanceof CryoscopeError)) throw error
    return [`${check.name}: ${error.message}`]
  }
}
