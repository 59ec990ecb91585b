import '../../../history/attach.js'
import { escapeText } from '../../../text.js'
import type { RecordTime } from '../../../time/record.js'
import { secondsText } from '../../event-columns.js'
import type { Cockpit } from './cockpit.js'
import { unlessFrozen } from './control.js'
import type { Place } from './row.js'

/** Writes that a menu shows, the newest first. */
const shownWrites = 200
/** Types that show bytes of a field as a number. */
const numbers: Readonly<Record<number, string>> = { 1: 'u8', 2: 'u16', 4: 'u32', 8: 'u64' }

/** Why one cannot go back here. */
export function unlessRecord(cockpit: Cockpit): string | undefined {
  if (cockpit.vm.target.record === undefined) {
    return 'this target has no record to go back in: start a guest with --deterministic, or open a recording'
  }
  return unlessFrozen(cockpit)
}

/** "RECORD 11.250815s", "BRANCH from 11.250815s"; undefined without a record. */
export function recordText({ vm }: Cockpit): string | undefined {
  const time = vm.target.record?.time
  if (time === undefined) return undefined
  return time.branch === undefined ? `RECORD ${secondsText(time)}` : `BRANCH from ${secondsText(time.branch)}`
}

function place(time: RecordTime): string {
  return time.branch === undefined
    ? `on the record, at ${secondsText(time)}`
    : `a branch from ${secondsText(time.branch)}`
}

/** Goes back in the record by so much of the guest's time. */
export function back(cockpit: Cockpit, milliseconds: number): void {
  cockpit.operate(`going back ${milliseconds} ms`, async (signal) =>
    place(await cockpit.vm.back({ ms: milliseconds }, { signal })),
  )
}

/** Goes back by an instruction of the vCPU that is selected. */
export function stepBack(cockpit: Cockpit): void {
  const { vm, cpu } = cockpit
  cockpit.operate(`stepping vCPU ${cpu} back`, async () => place(await vm.stepBack(cpu)))
}

/** Lists who wrote a field up to now, to go there. */
export function whoWrote(cockpit: Cockpit, { address, size, name }: Place): void {
  const as = numbers[size] ?? `u8[${size}]`
  cockpit.operate(`looking who wrote ${escapeText(name)}`, async (signal, progress) => {
    const onProgress = (done: number, total: number) => progress(done / Math.max(1, total))
    const { events } = await cockpit.vm.writes(address, { as, to: 'now', signal, onProgress })
    if (events.length === 0) return `${escapeText(name)} was not written since the record began`
    cockpit.menu(
      `Writes to ${escapeText(name)}: ${events.length}, the newest first`,
      events
        .slice(-shownWrites)
        .reverse()
        .map((event) => ({
          label: `${secondsText(event.time)} vCPU ${event.cpu} ${escapeText(event.comm ?? '')}`,
          about: escapeText(
            `${event.where ?? 'code without a symbol'}: ${String(event.before)} to ${String(event.after)}`,
          ),
          run: () => {
            cockpit.operate('going there', async () => {
              await event.go()
              cockpit.cpu = event.cpu
              return `before the write, ${place(cockpit.vm.time)}`
            })
          },
        })),
    )
    return undefined
  })
}
