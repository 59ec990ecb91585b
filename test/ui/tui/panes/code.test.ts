import { expect, it } from 'vitest'
import type { Desk } from '../../../../src/ui/tui/model/desk.js'
import { codeView } from '../../../../src/ui/tui/panes/code.js'
import { openedOn } from '../../../session/support/sessions.js'
import { KernelGuest } from '../../../support/kernel-guest.js'

/** A function of 20 bytes, of which the last 14 lie in a page that is not there. */
function halved() {
  const guest = new KernelGuest()
  const pages = guest.alloc(8192, 4096)
  const at = guest.symbol('halved', pages + 4090n, 't')
  guest.symbol('behind', at + 20n, 't')
  guest.unmap(pages + 4096n)
  guest.finish()
  return { at, desk: { vm: openedOn(guest).vm, stops: [], disassembler: undefined } as unknown as Desk }
}

it('of which a part cannot be read says where it ends, and that of which nothing can what is missing', () => {
  const { at, desk } = halved()
  const loaded = (address: bigint) => codeView(desk, { kind: 'code', address }).load(undefined as never)
  expect(loaded(at).problems).toEqual([expect.stringMatching(/^code from \+0x6 on: .*page not present/)])
  expect(loaded(at + 20n).problems).toEqual([expect.stringMatching(/^code: .*page not present/)])
})
