import { hex, type SchedContext } from './context.js'
import { flagNames, valueName } from './flags.js'

/** Why a scheduler left (struct scx_exit_info, include/linux/sched/ext.h and kernel/sched/ext_internal.h). */
export interface ExitInfo {
  /** As enum scx_exit_kind names it: NONE while it is loaded, ERROR_STALL … */
  readonly kind: string
  readonly kindValue: number
  readonly code: bigint
  /** Named parts of the code: what the kernel's own exits set. */
  readonly codeFlags: readonly string[]
  readonly reason: string
  readonly message: string
  readonly backtrace: readonly { readonly address: bigint; readonly symbol: string | undefined }[]
  /** What the kernel dumped when the scheduler failed; empty where it did not. */
  readonly dump: string
}

/** SCX_EXIT_BT_LEN, SCX_EXIT_MSG_LEN and what ops.exit_dump_len may reach, with room. */
const frameLimit = 1024
const textLimit = 4096
const dumpLimit = 4 * 2 ** 20

/** `kind` is the scheduler's own atomic, which is set before the details are. */
export function readExit(context: SchedContext, kind: number, address: bigint): ExitInfo {
  const { kernel, gathering } = context
  const named = valueName(kernel, 'scx_exit_kind', BigInt(kind)) ?? String(kind)
  const empty: ExitInfo = {
    kind: named,
    kindValue: kind,
    code: 0n,
    codeFlags: [],
    reason: '',
    message: '',
    backtrace: [],
    dump: '',
  }
  if (address === 0n) return empty
  const where = `scx_exit_info at ${hex(address)}`
  const found = gathering.attempt(where, () => {
    const info = kernel.struct('scx_exit_info', address)
    const text = (member: string, limit: number): string => {
      const at = info.has(member) ? info.pointer(member) : 0n
      return at === 0n
        ? ''
        : (gathering.attempt(`${where}, ${member}`, () => kernel.space.text(at, limit)) ?? '')
    }
    const code = info.integer('exit_code')
    return {
      code,
      codeFlags: flagNames(kernel, 'scx_exit_code', BigInt.asUintN(64, code) & ~0xffffffffn),
      reason: text('reason', textLimit),
      message: text('msg', textLimit),
      backtrace: backtrace(context, info.pointer('bt'), info.number('bt_len')),
      dump: text('dump', dumpLimit),
    }
  })
  return { ...empty, ...found }
}

function backtrace({ kernel, gathering }: SchedContext, at: bigint, length: number): ExitInfo['backtrace'] {
  if (at === 0n || length === 0) return []
  if (length > frameLimit) {
    gathering.problem('scx_exit_info.bt', `${length} frames cannot be`)
    return []
  }
  const bytes = gathering.attempt('scx_exit_info.bt', () => kernel.space.bytes(at, length * 8))
  if (bytes === undefined) return []
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Array.from({ length }, (_, i) => {
    const address = view.getBigUint64(i * 8, true)
    return { address, symbol: kernel.symbolize(address) }
  })
}
