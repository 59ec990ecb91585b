import { CryoscopeError } from '../errors.js'
import { hex, type SchedContext } from './context.js'
import { flagNames, valueText } from './flags.js'

/** Why a scheduler left (struct scx_exit_info, include/linux/sched/ext.h and kernel/sched/ext_internal.h). */
export interface ExitInfo {
  /** As enum scx_exit_kind names it: NONE while it is loaded, ERROR_STALL … */
  readonly kind: string
  readonly kindValue: number
  /** This and what follows: undefined where it cannot be read. */
  readonly code: bigint | undefined
  /** Named parts of the code: what the kernel's own exits set. */
  readonly codeFlags: readonly string[] | undefined
  readonly reason: string | undefined
  readonly message: string | undefined
  readonly backtrace: readonly { readonly address: bigint; readonly symbol: string | undefined }[] | undefined
  /** What the kernel dumped when the scheduler failed; empty where it did not. */
  readonly dump: string | undefined
}

/** SCX_EXIT_BT_LEN, SCX_EXIT_MSG_LEN and what ops.exit_dump_len may reach, with room. */
const frameLimit = 1024
const textLimit = 4096
const dumpLimit = 4 * 2 ** 20

/**
 * `kind` is the scheduler's own atomic: it is set before the details are, and to DONE when all is over. What it was about
 * is kept in the details.
 */
export function readExit(context: SchedContext, kind: number, address: bigint): ExitInfo {
  const { kernel, problems } = context
  const nameOf = (value: number): string => valueText(kernel, 'scx_exit_kind', BigInt(value))
  if (address === 0n) {
    const none = { code: 0n, codeFlags: [], reason: '', message: '', backtrace: [], dump: '' }
    return { kind: nameOf(kind), kindValue: kind, ...none }
  }
  const where = `scx_exit_info at ${hex(address)}`
  const info = kernel.struct('scx_exit_info', address)
  const attempt = <T>(member: string, read: () => T): T | undefined =>
    problems.attempt(`${where}, ${member}`, read)
  const text = (member: string, limit: number): string | undefined =>
    attempt(member, () => {
      const at = info.has(member) ? info.pointer(member) : 0n
      return at === 0n ? '' : kernel.space.text(at, limit)
    })
  const kept = nameOf(kind) === 'DONE' ? attempt('kind', () => info.number('kind')) : undefined
  const kindValue = kept === undefined || kept === 0 ? kind : kept
  const code = attempt('exit_code', () => info.integer('exit_code'))
  return {
    kind: nameOf(kindValue),
    kindValue,
    code,
    codeFlags:
      code === undefined
        ? undefined
        : flagNames(kernel, 'scx_exit_code', BigInt.asUintN(64, code) & ~0xffffffffn),
    reason: text('reason', textLimit),
    message: text('msg', textLimit),
    backtrace: attempt('bt', () => backtrace(context, info.pointer('bt'), info.number('bt_len'))),
    dump: text('dump', dumpLimit),
  }
}

/** Why a scheduler left, in the kernel's words, and whether these are all; "" where there are none. */
export function exitText({ reason, message }: Pick<ExitInfo, 'reason' | 'message'>): string {
  const said = [reason, message].filter((text) => text !== undefined && text !== '').join(': ')
  if (reason !== undefined && message !== undefined) return said
  return said === '' ? 'why could not be read' : `${said} (the rest could not be read)`
}

function backtrace({ kernel }: SchedContext, at: bigint, length: number): ExitInfo['backtrace'] {
  if (at === 0n || length === 0) return []
  if (length > frameLimit) throw new CryoscopeError('unreadable', `${length} frames cannot be`)
  const bytes = kernel.space.bytes(at, length * 8)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Array.from({ length }, (_, i) => {
    const address = view.getBigUint64(i * 8, true)
    return { address, symbol: kernel.symbolize(address) }
  })
}
