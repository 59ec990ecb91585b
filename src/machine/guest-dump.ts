import { resolve } from 'node:path'
import { CryoscopeError } from '../errors.js'
import { OutputFile } from '../output-file.js'
import { escapeText } from '../text.js'
import type { QmpClient } from './qmp.js'
import { isNumber, isText, listOf, optional, recordOf } from './qmp-shape.js'
import { abortable, delay } from './wait.js'

export type DumpFormat = 'elf' | 'kdump'

export interface DumpOptions {
  /** Called with the bytes of guest memory written so far and in all. */
  readonly progress?: (done: number, total: number) => void
  readonly signal?: AbortSignal | undefined
}

const formats = { elf: 'elf', kdump: 'kdump-zlib' } as const
const migration = recordOf({ 'blocked-reasons': optional(listOf(isText)) })
const dumpState = recordOf({ status: isText, completed: isNumber, total: isNumber })
const pollMilliseconds = 50
/** Ten seconds; half a gigabyte was seen to take one. */
const mostFreeingPolls = 200

/**
 * Lets QEMU write a dump (dump-guest-memory). The file appears under its name only when it is whole, and is readable
 * by its owner alone. QEMU cannot break off: after an abort the partial file is gone, and `settled` resolves when
 * QEMU has come to its end and the guest can be controlled again.
 */
export async function dumpGuest(
  qmp: QmpClient,
  file: string,
  format: DumpFormat,
  { progress, signal }: DumpOptions,
  settled: (end: Promise<void>) => void,
): Promise<void> {
  if (!(format in formats)) {
    throw new CryoscopeError('usage', `a dump's format is elf or kdump, not "${escapeText(format)}"`)
  }
  signal?.throwIfAborted()
  const out = await OutputFile.create(resolve(file), { isSecret: true })
  const { partPath } = out
  try {
    if (partPath === undefined)
      throw new CryoscopeError('usage', `QEMU writes dumps to files alone, and ${escapeText(file)} is none`)
    // QEMU keeps the mode of a file that is there already.
    await qmp.execute('dump-guest-memory', {
      paging: false,
      protocol: `file:${partPath}`,
      detach: true,
      format: formats[format],
    })
    const end = untilDone(qmp, progress)
    settled(
      end.then(
        () => {},
        () => {},
      ),
    )
    await abortable(end, signal)
    out.keep()
  } finally {
    out.close()
  }
}

/**
 * QEMU says that a dump has ended before it has freed what the dump took (dump_cleanup, dump/dump.c), and a dump that is
 * started in between shares it: QEMU crashes then. The last thing that is freed is what forbids migration meanwhile.
 */
async function untilFreed(qmp: QmpClient): Promise<void> {
  for (let tries = 0; tries < mostFreeingPolls; tries++) {
    const answer = await qmp.ask('query-migrate', migration)
    if (!answer['blocked-reasons']?.some((reason) => reason.includes('dump-guest-memory'))) return
    await delay(pollMilliseconds)
  }
}

async function untilDone(qmp: QmpClient, progress: DumpOptions['progress']): Promise<void> {
  let message: string | undefined
  const stopListening = qmp.onEvent(({ event, data }) => {
    if (event === 'DUMP_COMPLETED' && typeof data.error === 'string') message = data.error
  })
  try {
    for (;;) {
      const { status, completed, total } = await qmp.ask('query-dump', dumpState)
      if (status === 'completed' || status === 'failed') {
        await untilFreed(qmp)
        if (status === 'failed') break
        progress?.(total, total)
        return
      }
      progress?.(completed, total)
      await delay(pollMilliseconds)
    }
    throw new CryoscopeError(
      'guest',
      `QEMU could not write the dump: ${escapeText(message ?? 'is the disk full?')}`,
    )
  } finally {
    stopListening()
  }
}
