/** Bytes that take the place of those at an offset of a base. */
export interface Patch {
  readonly at: number
  readonly bytes: Uint8Array
}

/** What is read: a base with damage. */
export interface Input {
  /** Which of the kind's bases. */
  readonly base: number
  readonly patches: readonly Patch[]
  /** Frames of 4 KiB that memory does not hold. */
  readonly absent: readonly number[]
  /** Bytes after which a file is cut. */
  readonly length?: number | undefined
}

export const whole: Input = { base: 0, patches: [], absent: [] }

/** `BASE[:LENGTH][,-FRAME]…[,AT=HEX]…`, numbers in hexadecimal. */
export function inputText({ base, patches, absent, length }: Input): string {
  return [
    `${base}${length === undefined ? '' : `:${length.toString(16)}`}`,
    ...absent.map((frame) => `-${frame.toString(16)}`),
    ...patches.map(({ at, bytes }) => `${at.toString(16)}=${Buffer.from(bytes).toString('hex')}`),
  ].join(',')
}

/** The reverse; throws where the text is none. */
export function parseInput(text: string): Input {
  const [head = '', ...parts] = text.split(',')
  const [, base, length] = /^(\d+)(?::([0-9a-f]+))?$/.exec(head) ?? []
  if (base === undefined) throw new Error(`an input starts with the number of its base, not with "${head}"`)
  const absent: number[] = []
  const patches: Patch[] = []
  for (const part of parts) {
    const [, frame] = /^-([0-9a-f]+)$/.exec(part) ?? []
    const [, at, hex] = /^([0-9a-f]+)=((?:[0-9a-f]{2})*)$/.exec(part) ?? []
    if (frame !== undefined) absent.push(Number.parseInt(frame, 16))
    else if (at !== undefined && hex !== undefined)
      patches.push({ at: Number.parseInt(at, 16), bytes: new Uint8Array(Buffer.from(hex, 'hex')) })
    else throw new Error(`"${part}" is no damage; it is AT=HEX or -FRAME`)
  }
  return {
    base: Number(base),
    absent,
    patches,
    length: length === undefined ? undefined : Number.parseInt(length, 16),
  }
}

/** The bytes of a file. */
export function applied(base: Uint8Array, { patches, length }: Input): Uint8Array {
  // A copy, also of a Buffer.
  const bytes = Uint8Array.from(base.subarray(0, length))
  for (const { at, bytes: own } of patches) {
    if (at < bytes.length) bytes.set(own.subarray(0, bytes.length - at), at)
  }
  return bytes
}
