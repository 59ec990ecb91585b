import { describe, expect, it } from 'vitest'
import { CryoscopeError } from '../../src/errors.js'
import { round, type SectionNotes, Sections } from '../../src/report/sections.js'
import { Absences } from '../../src/sched/absences.js'

it('problems and reasons say names of the guest so that nothing acts on what shows them', () => {
  const sections = new Sections()
  sections.take('maps', null, (notes) => {
    notes.lost('map', 'map:3', 'maps of type \u001b[31mx are not read')
    notes.warn('map', 'map:4', 'odd\r\n')
    notes.note('map', 'map:5', '\u202eodd')
    return null
  })
  expect(sections.problems.map(({ message }) => message)).toEqual([
    'maps of type \\x1b[31mx are not read',
    'odd\\r\\n',
    '\\u202eodd',
  ])
  expect(sections.statuses.maps).toMatchObject({
    status: 'partial',
    reasons: ['map:3: maps of type \\x1b[31mx are not read'],
  })
})

describe('a section', () => {
  const take = <T>(read: (notes: SectionNotes) => T, otherwise: T) => {
    const sections = new Sections()
    const value = sections.take('maps', otherwise, read)
    return { value, status: sections.statuses.maps, sections }
  }

  it('is complete where nothing is missing, and counts what it has', () => {
    expect(take(() => [1, 2, 3], []).status).toMatchObject({
      status: 'complete',
      expected: null,
      obtained: 3,
      reasons: [],
    })
    expect(take(() => ({}), {}).status).toMatchObject({ status: 'complete', obtained: 1 })
    const counted = take((notes) => {
      notes.expected = 2
      notes.obtained = 2
      return [1]
    }, [])
    expect(counted.status).toMatchObject({ status: 'complete', expected: 2, obtained: 2 })
    expect(counted.status?.milliseconds).toBeGreaterThanOrEqual(0)
  })

  it('is partial where the kernel counts more than was found, whatever the reason', () => {
    const short = (lost: boolean) =>
      take((notes) => {
        notes.expected = 3
        if (lost) notes.lost('map', 'section:maps', 'the list breaks')
        return [1, 2]
      }, [])
    expect(short(false).status).toMatchObject({
      status: 'partial',
      reasons: ['the kernel counts 3, 2 were found'],
    })
    expect(short(true).status).toMatchObject({ status: 'partial', reasons: ['the list breaks'] })
  })

  it('that fails costs nothing else: it is unavailable, with the reason, also for a mistake of ours', () => {
    const failed = (error: Error) =>
      take((): number[] => {
        throw error
      }, [])
    const lost = failed(new CryoscopeError('unreadable', 'its page is missing'))
    expect(lost.value).toEqual([])
    expect(lost.status).toMatchObject({
      status: 'unavailable',
      obtained: 0,
      reasons: ['its page is missing', 'the section could not be read'],
    })
    expect(lost.sections.problems[0]).toMatchObject({
      severity: 'error',
      code: 'kernel',
      subject: 'section:maps',
    })
    const ours = failed(new TypeError('x is undefined'))
    expect(ours.sections.problems[0]).toEqual({
      severity: 'error',
      code: 'internal',
      subject: 'section:maps',
      message: "a mistake of cryoscope's own, please report it: TypeError: x is undefined",
    })
  })

  it('keeps a thousand reasons and counts the others', () => {
    const many = (count: number) =>
      take((notes) => {
        for (let i = 0; i < count; i++) notes.lost('map', `map:${i}`, 'lost')
        return []
      }, [])
    expect(many(1000).status?.reasons).toHaveLength(1000)
    expect(many(1001).status?.reasons.slice(1000)).toEqual(['1 more of this kind'])
    const { status, sections } = many(1002)
    expect(status?.reasons).toHaveLength(1001)
    expect(status?.reasons.at(-1)).toBe('2 more of this kind')
    expect(sections.problems).toHaveLength(1000)
  })

  it('is not whole where one that it is made of is not, if the loss matters', () => {
    const sections = new Sections()
    sections.take('maps', [], (notes) => {
      notes.lost('map-entries', 'map:1', 'lost')
      return []
    })
    const reasons = (...codes: Parameters<Sections['depend']>[2] extends infer C ? [C?] : never) =>
      sections.take('arenas', undefined, (notes) => {
        sections.depend(notes, 'maps', codes[0])
        sections.depend(notes, 'tasks')
      }) ?? sections.statuses.arenas?.reasons
    const because = ['section:maps is not whole, and this one is made of it']
    expect(reasons()).toEqual(because)
    expect(reasons(['map', 'map-entries'])).toEqual(because)
    expect(reasons(['map'])).toEqual([])
  })

  it('are not whole where what all of them rest on is not', () => {
    const ground = [{ where: 'BTF', why: 'it has holes' }]
    const sections = new Sections(() => [...ground])
    sections.take('tasks', [], () => {
      ground.push({ where: 'modules', why: 'the list breaks' })
      return []
    })
    sections.take('maps', [], () => [])
    const { tasks, maps } = sections.statuses
    expect(tasks?.reasons).toEqual(['modules: the list breaks', 'BTF: it has holes'])
    expect(maps?.reasons).toEqual(['BTF: it has holes, and 1 more of what this rests on'])
    expect(sections.problems).toHaveLength(1)
  })

  it('are not whole where it is not sure that this kernel lacks something', () => {
    const reasonsFor = (absences: Absences) => {
      absences.lacks('softirqs', 'the kernel has no kstat')
      const sections = new Sections()
      sections.take('cpuTime', [], (notes) => {
        for (const absence of absences.list) notes.lacks(absence)
        return []
      })
      return [sections.problems[0]?.severity, sections.statuses.cpuTime?.reasons]
    }
    expect(reasonsFor(new Absences())).toEqual(['note', []])
    expect(reasonsFor(new Absences('a page is missing'))).toEqual([
      'error',
      ['softirqs: the kernel has no kstat, as far as could be read: a page is missing'],
    ])
  })

  it('keep what the guest may have put into names out of terminals', () => {
    const sections = new Sections()
    sections.take('allocators', [], (notes) => {
      notes.warn('leak', 'allocator:a\u001bb[0]', 'nothing refers to \u0007it')
      return []
    })
    expect(sections.problems).toMatchObject([
      { subject: 'allocator:a\\x1bb[0]', message: 'nothing refers to \\x07it' },
    ])
  })

  it('gives lists that know whether they are whole', () => {
    const sections = new Sections()
    sections.take('maps', [], () => [1])
    sections.take('tasks', [], (notes) => {
      notes.lost('task', 'task:1', 'its page is missing')
      return [1]
    })
    expect(sections.found('maps', [1])).toMatchObject({ seen: [1], isWhole: true })
    expect(sections.found('tasks', [1])).toMatchObject({
      seen: [1],
      isWhole: false,
      missing: 'task:1: its page is missing',
    })
    expect(sections.found('log', [])).toMatchObject({ isWhole: false, missing: 'it was not read' })
  })
})

it('milliseconds have two digits behind the point', () => {
  expect([round(1.234), round(1.235), round(0)]).toEqual([1.23, 1.24, 0])
})
