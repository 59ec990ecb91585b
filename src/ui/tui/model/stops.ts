import { escapeText } from '../../../text.js'
import type { Cockpit } from './cockpit.js'
import { ArrayRows, type Place, type Row } from './row.js'

/** Where the guest is to stop. */
export interface StopPoint {
  readonly place: Place
  /** TypeScript over `vm`, true where it is to stop; always where it is empty. */
  condition: string
  /** How often it was reached, and how often the condition was true then. */
  reached: number
  hits: number
}

const isSame = (a: Place, b: Place): boolean => a.address === b.address && a.isCode === b.isCode

/** Sets a breakpoint on the code, or a watchpoint on the memory, under the cursor; takes away one that is there. */
export function toggleStop(cockpit: Cockpit): void {
  const place = cockpit.selected?.place
  if (place === undefined) return
  const at = cockpit.stops.findIndex((stop) => isSame(stop.place, place))
  if (at >= 0) {
    cockpit.stops.splice(at, 1)
    cockpit.say(`no stop at ${place.name} any more`)
    cockpit.refresh(true)
    return
  }
  cockpit.stops.push({ place, condition: '', reached: 0, hits: 0 })
  const what = place.isCode ? `stops before ${place.name}` : `stops when ${place.name} is written`
  cockpit.say(`${what}: r runs until then, X lists such places`, 'good')
  cockpit.refresh(true)
}

export const unlessStops = ({ stops }: Cockpit): string | undefined =>
  stops.length === 0
    ? 'there is nowhere to stop yet: x sets a place under the cursor, X lists them'
    : undefined

/** Runs until one of the places is reached with its condition true. */
export function runToStop(cockpit: Cockpit): void {
  const { vm, stops } = cockpit
  const any = stops.map(({ place: { address, size, isCode } }) =>
    isCode ? address : { write: address, length: watchedLength(size) },
  )
  cockpit.operate('running until a breakpoint or watchpoint', async (signal) => {
    for (;;) {
      const began = performance.now()
      const stop = await vm.runUntil({ any }, { signal })
      cockpit.rates.clock += performance.now() - began
      const hit = stops.find(({ place }) => covers(place, stop.address))
      if (hit === undefined || stop.cpu === undefined) return `stopped: ${stop.reason}`
      hit.reached++
      if (!(await isWanted(cockpit, hit, signal))) continue
      hit.hits++
      cockpit.cpu = stop.cpu
      const where = vm.vcpus.find(({ index }) => index === stop.cpu)?.where ?? 'code without a symbol'
      return `${hit.place.name}, hit ${hit.hits}, on vCPU ${stop.cpu}, at ${where}`
    }
  })
}

async function isWanted(cockpit: Cockpit, { condition }: StopPoint, signal: AbortSignal): Promise<boolean> {
  return condition === '' || cockpit.engine === undefined || (await cockpit.engine.holds(condition, signal))
}

function covers({ address, size, isCode }: Place, at: bigint | undefined): boolean {
  if (at === undefined) return false
  return isCode ? at === address : at >= address && at < address + BigInt(watchedLength(size))
}

export function watchedLength(size: number): number {
  return size >= 8 ? 8 : size >= 4 ? 4 : size >= 2 ? 2 : 1
}

/** The places, as a page: Enter gives one a condition, x takes it away. */
export function listStops(cockpit: Cockpit): void {
  cockpit.push({
    title: 'stops',
    load: () => ({
      columns: [
        { title: 'WHERE', tone: 'name', identifies: true },
        { title: 'WHEN', tone: 'dim' },
        { title: 'IF' },
        { title: 'HITS', align: 'right', rigid: true },
        { title: 'REACHED', align: 'right', rigid: true },
      ],
      rows: new ArrayRows(cockpit.stops.map((stop): Row => row(cockpit, stop))),
      empty:
        'There is nowhere to stop yet: x sets a breakpoint on the code under the cursor, or a watchpoint on the field.',
      note: 'Enter sets the condition',
    }),
  })
}

function row(cockpit: Cockpit, stop: StopPoint): Row {
  const { place, condition, reached, hits } = stop
  return {
    id: `stops/${place.address.toString(16)}`,
    cells: [
      place.name,
      place.isCode ? 'before it is executed' : 'after it is written',
      escapeText(condition),
      String(hits),
      String(reached),
    ],
    sort: [place.name, '', condition, hits, reached],
    inert: true,
    place,
    act: () =>
      cockpit.prompt(
        `stop at ${place.name} if`,
        (text) => {
          stop.condition = text.trim()
          cockpit.refresh(true)
        },
        {
          text: condition,
          history: cockpit.history.condition,
          hints: [{ key: 'empty', text: 'always' }],
          ...(cockpit.engine === undefined
            ? {}
            : { complete: (text: string, at: number) => cockpit.engine?.complete(text, at) ?? [] }),
        },
      ),
  }
}
