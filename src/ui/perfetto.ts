import protobuf from 'protobufjs/light.js'
import type { Timeline, TimeSpan } from '../history/timeline.js'
import { OutputFile } from '../output-file.js'

/**
 * The part of perfetto's trace format that is written here, by the numbers of its published protos (protos/perfetto/trace:
 * trace.proto, trace_packet.proto, track_event/track_descriptor.proto, track_event/track_event.proto,
 * track_event/counter_descriptor.proto, track_event/debug_annotation.proto).
 */
const fields = {
  Trace: { packet: { rule: 'repeated', type: 'TracePacket', id: 1 } },
  TracePacket: {
    timestamp: { type: 'uint64', id: 8 },
    trustedPacketSequenceId: { type: 'uint32', id: 10 },
    trackEvent: { type: 'TrackEvent', id: 11 },
    sequenceFlags: { type: 'uint32', id: 13 },
    trackDescriptor: { type: 'TrackDescriptor', id: 60 },
  },
  TrackDescriptor: {
    uuid: { type: 'uint64', id: 1 },
    name: { type: 'string', id: 2 },
    parentUuid: { type: 'uint64', id: 5 },
    counter: { type: 'CounterDescriptor', id: 8 },
    childOrdering: { type: 'int32', id: 11 },
    siblingOrderRank: { type: 'int32', id: 12 },
    description: { type: 'string', id: 14 },
  },
  CounterDescriptor: { unitName: { type: 'string', id: 6 } },
  TrackEvent: {
    debugAnnotations: { rule: 'repeated', type: 'DebugAnnotation', id: 4 },
    type: { type: 'int32', id: 9 },
    trackUuid: { type: 'uint64', id: 11 },
    categories: { rule: 'repeated', type: 'string', id: 22 },
    name: { type: 'string', id: 23 },
    counterValue: { type: 'int64', id: 30 },
    flowIds: { rule: 'repeated', type: 'fixed64', id: 47 },
    terminatingFlowIds: { rule: 'repeated', type: 'fixed64', id: 48 },
  },
  DebugAnnotation: {
    uintValue: { type: 'uint64', id: 3 },
    stringValue: { type: 'string', id: 6 },
    name: { type: 'string', id: 10 },
  },
} as const

/** In proto2, what is zero is written. */
const schema = {
  nested: Object.fromEntries(
    Object.entries(fields).map(([name, members]) => [name, { edition: 'proto2', fields: members }]),
  ),
}

const types = { begin: 1, end: 2, counter: 4 } as const
/** ChildTracksOrdering: by rank. */
const explicit = 3
/** All packets come from one writer, which depends on nothing before. */
const sequence = { trustedPacketSequenceId: 1, sequenceFlags: 1 } as const
const batchPackets = 1000

/** Writes a timeline as a trace that Perfetto's UI opens. */
export async function writePerfetto(timeline: Timeline, title: string, file: string): Promise<void> {
  const output = await OutputFile.create(file, { isSecret: true })
  try {
    const packer = new Packer((bytes) => output.write(bytes))
    writeTracks(timeline, title, packer)
    packer.flush()
    output.keep()
  } finally {
    output.close()
  }
}

type Packet = Readonly<Record<string, unknown>>

/** Turns packets into bytes, many at a time: traces one behind the other are one trace. */
class Packer {
  readonly #trace = protobuf.Root.fromJSON(schema).lookupType('Trace')
  readonly #write: (bytes: Uint8Array) => void
  #packets: Packet[] = []
  #tracks = 0

  constructor(write: (bytes: Uint8Array) => void) {
    this.#write = write
  }

  add(packet: Packet): void {
    this.#packets.push({ ...packet, trustedPacketSequenceId: sequence.trustedPacketSequenceId })
    if (this.#packets.length >= batchPackets) this.flush()
  }

  flush(): void {
    if (this.#packets.length === 0) return
    const { packets } = { packets: this.#packets }
    this.#packets = []
    this.#write(this.#trace.encode(this.#trace.fromObject({ packet: packets })).finish())
  }

  /** A track of its own; the answer is its number. */
  track(name: string, parentUuid: number | undefined, more: Packet = {}): number {
    const uuid = ++this.#tracks
    const parent = parentUuid === undefined ? {} : { parentUuid }
    // The first packet says that nothing before it is needed.
    const flags = uuid === 1 ? { sequenceFlags: sequence.sequenceFlags } : {}
    const trackDescriptor = { uuid, name, ...parent, siblingOrderRank: uuid, ...more }
    this.add({ ...flags, trackDescriptor })
    return uuid
  }
}

function writeTracks({ how, cpus, counters }: Timeline, title: string, packer: Packer): void {
  const root = packer.track(`${title}: ${how}`, undefined, { childOrdering: explicit, description: how })
  for (const { cpu, tasks, programs } of cpus) {
    writeSpans(packer, root, `CPU ${cpu}`, 'task', tasks)
    if (programs.length > 0) writeSpans(packer, root, `CPU ${cpu}: BPF`, 'bpf', programs)
  }
  for (const { name, samples } of counters) {
    const trackUuid = packer.track(name, root, { counter: { unitName: 'tasks' } })
    for (const { ns, value } of samples)
      packer.add({ timestamp: ns, trackEvent: { type: types.counter, trackUuid, counterValue: value } })
  }
}

/** Slices of a track must lie within each other; what does not gets a track beside it. */
function writeSpans(
  packer: Packer,
  parent: number,
  name: string,
  category: string,
  spans: readonly TimeSpan[],
): void {
  let rest = [...spans].sort((a, b) => a.from - b.from || b.to - a.to)
  for (let lane = 1; lane === 1 || rest.length > 0; lane++) {
    const trackUuid = packer.track(lane === 1 ? name : `${name} (${lane})`, parent)
    const crossing: TimeSpan[] = []
    const open: TimeSpan[] = []
    const close = (until: number): void => {
      for (let top = open.at(-1); top !== undefined && top.to <= until; top = open.at(-1)) {
        packer.add({ timestamp: top.to, trackEvent: { type: types.end, trackUuid } })
        open.pop()
      }
    }
    for (const span of rest) {
      close(span.from)
      if (span.to > (open.at(-1)?.to ?? Number.POSITIVE_INFINITY)) {
        crossing.push(span)
        continue
      }
      packer.add({ timestamp: span.from, trackEvent: beginOf(span, trackUuid, category) })
      open.push(span)
    }
    close(Number.POSITIVE_INFINITY)
    rest = crossing
  }
}

function beginOf({ name, details, starts, ends }: TimeSpan, trackUuid: number, category: string): Packet {
  return {
    type: types.begin,
    trackUuid,
    categories: [category],
    name,
    flowIds: starts,
    terminatingFlowIds: ends,
    debugAnnotations: Object.entries(details).map(([key, value]) =>
      typeof value === 'string' ? { name: key, stringValue: value } : { name: key, uintValue: value },
    ),
  }
}
