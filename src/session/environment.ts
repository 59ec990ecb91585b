import { createHash } from 'node:crypto'
import type { Btf } from '../btf/btf.js'
import { CryoscopeError } from '../errors.js'
import { modules } from '../kernel/modules.js'
import { Problems } from '../problems.js'
import type { Session } from './session.js'

/** One fact of the target, and how it is known. */
export interface Fact {
  readonly fact: string
  readonly value: string | number | readonly string[] | null
  readonly how: string
}

/** Where the target comes from, and what kernel it runs. */
export interface Environment {
  readonly release: string
  readonly facts: readonly Fact[]
}

const commandLineLimit = 4096

/**
 * Every fact about the kernel as a whole, with how it was found; one that cannot be read is null, and a problem by its name.
 * `hashed` adds the digest of BTF, which takes as long as all others together.
 */
export function describeEnvironment(vm: Session, hashed: boolean, problems: Problems): Environment {
  const { kernel, target } = vm
  const facts: Fact[] = []
  const say = (fact: string, how: string, read: () => Fact['value'] | undefined): void => {
    try {
      const value = read()
      if (value !== undefined) facts.push({ fact, value, how })
    } catch (error) {
      if (!(error instanceof CryoscopeError)) throw error
      facts.push({ fact, value: null, how: `not read: ${error.message}` })
      problems.add(fact, error.message)
    }
  }
  const { info } = kernel
  const note =
    info.physical === undefined
      ? 'VMCOREINFO, a note of the dump'
      : `VMCOREINFO, a page of guest memory at 0x${info.physical.toString(16)}`
  say('release', `OSRELEASE in ${note}`, () => kernel.release)
  say('version', 'init_uts_ns.name.version', () => unameOf(vm, 'version'))
  say('machine', 'init_uts_ns.name.machine', () => unameOf(vm, 'machine'))
  say('buildId', `BUILD-ID in ${note}`, () => info.get('BUILD-ID'))
  say('kernelOffset', `KERNELOFFSET in ${note}: how far KASLR moved the image`, () => hex(info.kernelOffset))
  say('proof', 'checks that a stale copy of that note does not pass', () => kernel.evidence)
  say(
    'symbols',
    'kallsyms tables in the image, found by the addresses in VMCOREINFO',
    () => kernel.symbols.count,
  )
  say('types', 'BTF between __start_BTF and __stop_BTF in the image', () => wholeTypes(vm).typeCount)
  if (hashed)
    say('btfSha256', 'SHA-256 of that BTF', () =>
      createHash('sha256').update(wholeTypes(vm).bytes).digest('hex'),
    )
  say('tainted', 'tainted_mask, letters as in taint_flags', () => taint(vm))
  say('commandLine', 'saved_command_line', () => commandLine(vm))
  say(
    'vcpus',
    target.control === undefined ? 'register notes of the dump' : "QEMU's registers of each vCPU",
    () => vm.vcpus.length,
  )
  say('cpus', '__cpu_possible_mask', () => kernel.cpus.possible.length)
  const unread = new Problems(kernel.problems)
  const listed = problems.attempt('modules', () => [...modules(kernel, unread)].map(({ name }) => name))
  const [broken] = unread.sentences
  if (broken !== undefined) problems.add('modules', broken)
  facts.push({
    fact: 'modules',
    value: listed ?? null,
    how:
      broken === undefined
        ? 'the list "modules"'
        : `the list "modules", which could not be read whole: ${broken}`,
  })
  const bytes = target.memory.ranges.reduce((sum, { length }) => sum + length, 0)
  say('memoryBytes', target.memory.description, () => bytes)
  return { release: kernel.release, facts }
}

/** Types of which none is missing; throws where some are. */
function wholeTypes({ kernel }: Session): Btf {
  const { types } = kernel
  if (types.isWhole) return types
  throw new CryoscopeError(
    'unreadable',
    `BTF of vmlinux could not be read whole; of its types, ${types.typeCount} are known`,
  )
}

/** A member of new_utsname of the first UTS namespace. */
export function unameOf(vm: Session, member: string): string | undefined {
  const { kernel } = vm
  const at = kernel.findSymbol('init_uts_ns')
  return at === undefined ? undefined : kernel.struct('uts_namespace', at).text(`name.${member}`)
}

/** As /proc/sys/kernel/tainted has it, and the letters of what is set: "4608 (W O)" (kernel/panic.c). */
function taint({ kernel }: Session): string | undefined {
  const at = kernel.findSymbol('tainted_mask')
  if (at === undefined) return undefined
  const mask = kernel.space.u64(at)
  const flags = kernel.findSymbol('taint_flags')
  const layout = kernel.layouts.find('taint_flag')
  if (mask === 0n || flags === undefined || layout === undefined) return String(mask)
  const letters: string[] = []
  for (let bit = 0; bit < 64; bit++) {
    if ((mask & (1n << BigInt(bit))) === 0n) continue
    const letter = kernel.struct('taint_flag', flags + BigInt(bit * layout.size)).number('c_true')
    letters.push(letter > 0x20 && letter < 0x7f ? String.fromCharCode(letter) : `bit ${bit}`)
  }
  return `${mask} (${letters.join(' ')})`
}

function commandLine({ kernel }: Session): string | undefined {
  const at = kernel.findSymbol('saved_command_line')
  return at === undefined ? undefined : kernel.space.text(kernel.space.u64(at), commandLineLimit)
}

function hex(value: bigint): string {
  return `0x${value.toString(16)}`
}
