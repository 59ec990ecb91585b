import type { BpfLink } from '../bpf/programs/links.js'
import { detailsJson } from './details.js'
import { type Address, hexAddress } from './json.js'

/** What keeps a program attached, and to what. */
export interface LinkJson {
  readonly id: number
  readonly type: string
  /** 0 where the link has no program of its own. */
  readonly programId: number
  /** Null for links of no attach type. */
  readonly attachType: string | null
  readonly target: Readonly<Record<string, unknown>>
  readonly address: Address
}

export function linkJson({ id, type, programId, attachType, target, address }: BpfLink): LinkJson {
  return {
    id,
    type,
    programId,
    attachType: attachType ?? null,
    target: detailsJson(target),
    address: hexAddress(address),
  }
}
