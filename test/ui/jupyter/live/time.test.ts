import { describe, expect, it } from 'vitest'
import { Problems } from '../../../../src/problems.js'
import type { Session } from '../../../../src/session/session.js'
import { type Answered, eventBrowser, isAnswered } from '../../../../src/ui/jupyter/live/events.js'
import { timeBar } from '../../../../src/ui/jupyter/live/time-bar.js'
import type { Button, HBox, HTML, IntSlider, Text } from '../../../../src/ui/jupyter/widgets/models.js'
import { fakeHost } from '../support.js'

const settled = () => new Promise((resolve) => setTimeout(resolve, 5))

/** An answer of two writes, and where was gone. */
function answer() {
  const gone: number[] = []
  const events = [1, 2].map((number) => ({
    time: { instructions: 1000 * number, ns: 2000 * number },
    cpu: number - 1,
    pid: 40 + number,
    comm: `<w${number}>`,
    address: 16n,
    where: 'bpf_prog_0123456789abcdef_set+0x4 [bpf]',
    line: undefined,
    member: 'n',
    toJSON: () => ({ before: number, after: number + 1 }),
    go: async () => {
      if (number === 2) throw new Error('the record is closed')
      gone.push(number)
    },
  }))
  const problems = new Problems()
  problems.add('n before 5 instructions', 'a device changed it')
  return { answer: { events, problems } as unknown as Answered, gone }
}

describe('events of an answer as a table', () => {
  it('shows who and what, goes to a row that is clicked, and says why it cannot', async () => {
    const { receive } = fakeHost()
    const { answer: given, gone } = answer()
    expect(isAnswered(given)).toBe(true)
    expect(isAnswered([{ events: [] }])).toBe(false)
    const { view } = eventBrowser(given)
    await view.refresh()
    const [, body, channel] = view.widget.children as unknown as [Text, HTML, Text]
    expect(body.value).toContain('2 events; n before 5 instructions: a device changed it')
    expect(body.value).toContain('&lt;w1&gt; (41)')
    expect(body.value).toContain('set+0x4 [bpf]')
    expect(body.value).toContain('n 1 to 2')
    await receive(channel.id, { method: 'update', state: { value: '1 row 0' } })
    await settled()
    expect(gone).toEqual([1])
    expect(body.value).toContain('now at 0.000002s, 1000 instructions')
    await receive(channel.id, { method: 'update', state: { value: '2 row 1' } })
    await settled()
    expect(body.value).toContain('the record is closed')
  })
})

describe('timeBar', () => {
  function world() {
    const asked: unknown[] = []
    const record = {
      time: { instructions: 6_000_000, ns: 12_000_000, cpu: 0, seed: 0, branch: undefined },
      end: { instructions: 10_000_000, ns: 20_000_000 },
      checkpoints: [{ ns: 10_000_000 }],
    }
    const go = async (where: unknown) => {
      asked.push(where)
      const { ns } = Object(where) as { ns?: number }
      if (ns !== undefined) record.time = { ...record.time, ns, instructions: ns / 2 }
    }
    const session = {
      target: { name: '@a<b>', record },
      state: 'frozen',
      vcpus: [0, 1].map((index) => ({
        index,
        cpu: index,
        rip: 16n,
        privilege: 0,
        where: 'schedule',
        task: undefined,
      })),
      goTo: go,
      back: go,
      stepBack: async (cpu: number) => go({ cpu }),
    }
    return { asked, record, session: session as unknown as Session }
  }

  it('reaches from where the record begins to its end, and goes where it is moved to', async () => {
    const { receive } = fakeHost()
    const { asked, session } = world()
    const view = timeBar(session)
    await view.refresh()
    const [first, second, body] = view.widget.children as unknown as [HBox, HBox, HTML]
    const [slider] = first.children as unknown as [IntSlider]
    expect([slider.min, slider.value, slider.max]).toEqual([100, 120, 200])
    expect(body.value).toContain('@a&lt;b&gt; at 0.012000s, 6000000 instructions')
    await receive(slider.id, { method: 'update', state: { value: 150 } })
    await settled()
    expect(asked).toEqual([{ ns: 15_000_000 }])
    expect(body.value).toContain('at 0.015000s, 7500000 instructions')
    expect(slider.value).toBe(150)
    const [start, back] = second.children as unknown as [Button, Button]
    for (const button of [start, back]) {
      await receive(button.id, { method: 'custom', content: { event: 'click' } })
      await settled()
    }
    expect(asked.slice(1)).toEqual(['start', { ms: 1 }])
  })

  it('says how to get a record', () => {
    fakeHost()
    const { session } = world()
    const without = { ...session, target: { name: '@a' } } as unknown as Session
    expect(() => timeBar(without)).toThrow('@a has no record to go back in')
  })
})
