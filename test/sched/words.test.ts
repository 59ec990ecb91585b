import { expect, test } from 'vitest'
import { counted, Problems } from '../../src/problems.js'
import { capital, countOf, countText, cpusText, isOne, named, timeText } from '../../src/sched/words.js'

const some = (value: number) => {
  const lost = new Problems()
  lost.add('here', 'it is not there')
  return counted(value, lost)
}
const all = (value: number) => counted(value, new Problems())
const none = { whole: false, atLeast: undefined, why: '' } as unknown as ReturnType<typeof some>

test('times are milliseconds, and seconds from a thousand on', () => {
  expect([0, 12.4, 12.5, 999, 999.4, 1000, 3449, 3450, 60_000].map(timeText)).toEqual([
    '0 ms',
    '12 ms',
    '13 ms',
    '999 ms',
    '999 ms',
    '1 s',
    '3.4 s',
    '3.5 s',
    '60 s',
  ])
})

test('counts say what they count, and whether that is all', () => {
  expect([0, 1, 2].map((n) => countOf(n, 'task'))).toEqual(['0 tasks', '1 task', '2 tasks'])
  expect([all(1), all(3)].map((n) => countOf(n, 'task'))).toEqual(['1 task', '3 tasks'])
  expect([some(1), some(3)].map((n) => countOf(n, 'task'))).toEqual(['at least 1 task', 'at least 3 tasks'])
  expect(countOf(none, 'task')).toBe('an unknown number of tasks')
  expect([null, 3, { atLeast: 4 }].map(countText)).toEqual(['unknown', '3', 'at least 4'])
  expect([0, 1, 2, all(1), all(2), some(1), some(2), none].map(isOne)).toEqual([
    false,
    true,
    false,
    true,
    false,
    true,
    false,
    false,
  ])
})

test('tasks and CPUs have names', () => {
  expect(named({ name: 'a', pid: 3 })).toBe('a (pid 3)')
  expect([[3], [0, 1, 2, 5], []].map(cpusText)).toEqual(['CPU 3', 'CPUs 0-2,5', 'CPUs '])
  expect(['its', '', 'A'].map(capital)).toEqual(['Its', '', 'A'])
})
