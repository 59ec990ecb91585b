import type { Kernel } from '../../kernel/kernel.js'
import { llistNodes } from '../../kernel/walk/list.js'
import { counted, type Figure, type Problems } from '../../problems.js'
import { decodeText } from '../../text/decode.js'
import { fresh } from '../maps/fresh.js'

/** What a program wrote to its streams and nobody has read yet (bpf_stream_printk, kernel/bpf/stream.c; 6.17 and newer). */
export interface ProgramStreams {
  readonly stdout: Figure<string>
  readonly stderr: Figure<string>
}

/** BPF_STREAM_MAX_CAPACITY. */
const streamLimit = 100_000

/** Undefined on kernels without streams. Of a stream that cannot be read whole, the text that could be. It is as the program wrote it: escape it before printing. */
export function readStreams(
  kernel: Kernel,
  auxAddress: bigint,
  problems: Problems,
): ProgramStreams | undefined {
  const aux = kernel.struct('bpf_prog_aux', auxAddress)
  // Since 6.17.
  if (!aux.has('stream')) return undefined
  const size = BigInt(kernel.layouts.get('bpf_stream').size)
  const text = (index: number, name: string): Figure<string> => {
    const own = problems.part()
    const found = own.attempt(name, () =>
      streamText(kernel, aux.at('stream') + BigInt(index) * size, name, own),
    )
    return counted(found ?? '', own)
  }
  return { stdout: text(0, 'stdout'), stderr: text(1, 'stderr') }
}

/** First what a reader took over into the backlog, in order; then the log, newest first. */
function streamText(kernel: Kernel, address: bigint, name: string, problems: Problems): string {
  const stream = kernel.struct('bpf_stream', address)
  const seen = new Set<bigint>()
  const walk = (head: bigint): bigint[] => {
    const nodes: bigint[] = []
    for (const node of fresh(llistNodes(kernel, head, problems, name), seen, name, problems)) {
      nodes.push(node)
      // An element has one byte at least.
      if (nodes.length > streamLimit) break
    }
    return nodes
  }
  const backlog = walk(stream.at('backlog_head'))
  const log = walk(stream.at('log')).reverse()
  const pieces: Uint8Array[] = []
  let length = 0
  for (const node of [...backlog, ...log]) {
    const piece = problems.attempt(name, () => elementText(kernel, node))
    if (piece === undefined) continue
    length += piece.length
    if (length > streamLimit) {
      problems.add(name, `it holds more than the ${streamLimit} bytes that the kernel allows`)
      break
    }
    pieces.push(piece)
  }
  return decodeText(Buffer.concat(pieces))
}

function elementText(kernel: Kernel, node: bigint): Uint8Array {
  const layout = kernel.layouts.get('bpf_stream_elem')
  const element = kernel.struct('bpf_stream_elem', node - BigInt(layout.offset('node')))
  const total = Math.min(element.number('total_len'), streamLimit + 1)
  const consumed = element.number('consumed_len')
  if (consumed < 0 || consumed >= total) return new Uint8Array()
  return kernel.space.bytes(element.at('str') + BigInt(consumed), total - consumed)
}
