import { describe, expect, it } from 'vitest'
import { linkText } from '../../../src/present/columns/links.js'

describe('a link', () => {
  const link = { id: 3, programId: 7, address: 1n, attachType: undefined }

  it.each([
    [
      'raw_tracepoint',
      { kind: 'tracepoint', name: 'sched_switch' },
      'raw_tracepoint 3: tracepoint sched_switch',
    ],
    ['struct_ops', { kind: 'map', name: 'ops', mapId: 17 }, 'struct_ops 3: map ops (17)'],
    ['xdp', { kind: 'network device', detached: true }, 'xdp 3: network device (detached)'],
    ['cgroup', { kind: 'cgroup', id: 7n, path: '/a' }, 'cgroup 3: cgroup /a'],
  ])('of type %s is one phrase', (type, target, expected) => {
    expect(linkText({ ...link, type, target })).toBe(expected)
  })

  it('says how it is attached', () => {
    const target = { kind: 'function', name: 'do_nanosleep' }
    expect(linkText({ ...link, type: 'tracing', attachType: 'trace_fentry', target })).toBe(
      'tracing 3: trace_fentry function do_nanosleep',
    )
  })
})
