import { anyText } from '../../../contract/any.js'
import { type StorySentence, type Subject, tellStory } from '../../../report/story.js'
import { escapeText } from '../../../text.js'
import type { Desk } from '../model/desk.js'
import { ArrayRows, type Content, type Row } from '../model/row.js'
import type { Target } from '../model/target.js'
import type { View } from '../model/view.js'
import { wrap } from '../model/wrap.js'
import type { Tone } from '../style/theme.js'
import { pulseContent } from './pulse.js'

/** Margin, topic and mark before a sentence. */
const besideText = 18

const topics: Readonly<Record<StorySentence['topic'], string>> = {
  scheduler: 'scheduler',
  waiting: 'waiting',
  queues: 'DSQs',
  cpus: 'CPUs',
  log: 'kernel log',
  programs: 'programs',
  memory: 'memory',
  problems: 'unreadable',
}

const tones: Readonly<Record<StorySentence['weight'], Tone | undefined>> = {
  trouble: 'problem',
  notice: 'warning',
  fact: undefined,
}

/** What is going on, in sentences; Enter leads to what a sentence is about. */
export function overviewView(desk: Desk): View {
  return {
    title: 'Overview',
    load(): Content {
      if (desk.vm.state === 'running') return pulseContent(desk)
      return {
        columns: [{ title: '', rigid: true, tone: 'dim' }, { title: '' }],
        rows: new ArrayRows(storyRows(desk)),
        empty: 'There is nothing to tell of this target.',
        untitled: true,
      }
    },
    detail(row) {
      const sentence = row.value?.() as StorySentence | undefined
      if (sentence === undefined) return undefined
      const rows = [...aboutRows(row.id, sentence), ...factRows(row.id, sentence)]
      if (rows.length === 0) return undefined
      return {
        title: 'about',
        content: {
          columns: [{ title: '', tone: 'dim' }, { title: '' }],
          rows: new ArrayRows(rows),
          empty: '',
          untitled: true,
        },
      }
    },
  }
}

function storyRows({ vm, listColumns }: Desk): Row[] {
  const rows: Row[] = vm.targetProblems.map((problem, i) => ({
    id: `story/target-${i}`,
    cells: [i === 0 ? 'target' : '', `! ${escapeText(problem)}`],
    tones: [undefined, 'problem'],
    copy: escapeText(problem),
    inert: true,
  }))
  let topic = ''
  const seen = new Map<string, number>()
  for (const sentence of tellStory(vm).sentences) {
    const isFirst = sentence.topic !== topic
    topic = sentence.topic
    const [about] = sentence.about
    const target = about === undefined ? undefined : targetOfSubject(about)
    const mark = sentence.weight === 'trouble' ? '! ' : sentence.weight === 'notice' ? '* ' : '  '
    const id = identityOf(sentence, seen)
    for (const [number, line] of wrap(escapeText(sentence.sentence), listColumns - besideText).entries()) {
      rows.push({
        // The sentence is compared between stops, once, and not the lines that it takes on this screen.
        id: number === 0 ? `story/${id}` : `story/${id}.${number}`,
        name: topics[sentence.topic],
        owner: { kind: 'tab', tab: 'overview' },
        compared: [escapeText(sentence.sentence)],
        inert: number > 0,
        cells: [isFirst && number === 0 ? topics[sentence.topic] : '', (number === 0 ? mark : '  ') + line],
        tones: [undefined, tones[sentence.weight]],
        value: () => sentence,
        copy: escapeText(sentence.sentence),
        ...(target === undefined ? {} : { target }),
      })
    }
  }
  return rows
}

/** What a sentence is about, and which facts it states: the same over stops, whatever it says. */
function identityOf({ topic, about, facts }: StorySentence, seen: Map<string, number>): string {
  const subjects = about.map((subject) => ('name' in subject ? subject.name : `CPU ${subject.cpu}`))
  const what = [topic, ...subjects.slice(0, 1), ...Object.keys(facts)].join('-').replaceAll('/', ':')
  const count = (seen.get(what) ?? 0) + 1
  seen.set(what, count)
  return count === 1 ? what : `${what}-${count}`
}

export function storyRecords(desk: Desk): Iterable<Row> {
  return storyRows(desk)
}

function aboutRows(id: string, { about }: StorySentence): Row[] {
  const links = about.map((subject, i): Row => {
    const target = targetOfSubject(subject)
    const name = 'name' in subject ? subject.name : `CPU ${subject.cpu}`
    const pid = subject.kind === 'task' ? ` (${subject.pid})` : ''
    return {
      id: `${id}/about-${i}`,
      cells: [subject.kind, escapeText(name + pid)],
      tones: [undefined, 'pointer'],
      inert: true,
      ...(target === undefined ? {} : { target }),
    }
  })
  return links
}

function factRows(id: string, { facts }: StorySentence): Row[] {
  return Object.entries(facts).map(([name, value]): Row => {
    const text = typeof value === 'object' && value !== null ? anyText(value) : String(value)
    return { id: `${id}/fact-${name}`, cells: [escapeText(name), escapeText(text)], inert: true }
  })
}

function targetOfSubject(subject: Subject): Target | undefined {
  switch (subject.kind) {
    case 'task':
      return { kind: 'task', pid: subject.pid }
    case 'queue':
      return { kind: 'queue', id: subject.id, name: subject.name }
    case 'cpu':
      return { kind: 'runqueue', cpu: subject.cpu }
    case 'program':
      return { kind: 'program', id: subject.id }
    case 'allocator':
      return { kind: 'allocator', name: subject.name }
    case 'scheduler':
      return { kind: 'tab', tab: 'scheduler' }
  }
}
