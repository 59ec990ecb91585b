import { CommManager, type CommOutgoing } from '../../../src/ui/jupyter/comm.js'
import type { MimeBundle } from '../../../src/ui/jupyter/display/mime.js'
import { setHost } from '../../../src/ui/jupyter/host.js'

/** A kernel that keeps what it is given to send. */
export function fakeHost() {
  const sent: CommOutgoing[] = []
  const shown: MimeBundle[] = []
  /** Of those, what replaces something. */
  const updates: MimeBundle[] = []
  const comms = new CommManager((message) => sent.push(message))
  setHost({
    comms,
    output: { parent: {}, send: () => {} },
    display: (bundle, update) => {
      shown.push(bundle)
      if (update === true) updates.push(bundle)
    },
    page: () => {},
    ask: async () => '',
  })
  const data = (message: CommOutgoing | undefined) =>
    (message?.content as { data: Record<string, unknown> } | undefined)?.data ?? {}
  /** What a front end does to a widget. */
  const receive = (id: string, content: object, buffers: readonly Uint8Array[] = []) =>
    comms.take('comm_msg', { comm_id: id, data: content }, { metadata: {}, buffers })
  return { sent, shown, updates, comms, data, receive }
}
