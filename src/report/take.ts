import type { Allocator } from '../bpf/allocators/allocator.js'
import { countsRuns } from '../bpf/programs/statistics.js'
import { linkJson } from '../contract/links.js'
import { recordJson } from '../contract/log.js'
import { progJson } from '../contract/programs.js'
import { CryoscopeError } from '../errors.js'
import type { Found } from '../found.js'
import { dmesg, type LogRecord } from '../kernel/dmesg.js'
import { findPanic } from '../kernel/panic.js'
import { Problems } from '../problems.js'
import { Sched, type SchedFacts, schedFacts, schedState } from '../sched/sched.js'
import { describeEnvironment } from '../session/environment.js'
import type { Session } from '../session/session.js'
import type { ReportContents, ReportHead } from './document.js'
import { EntryStore } from './entry-store.js'
import { type Identity, identityOf } from './identity.js'
import { readAllocators, readArenas, readContainers } from './parts/arenas.js'
import { readMaps } from './parts/maps.js'
import { readLinks, readPrinted, readPrograms, readStructOps } from './parts/programs.js'
import { readCpuTime, readDomains, readNumaNodes, schedOf } from './parts/sched.js'
import { readTasks } from './parts/tasks.js'
import { readTime } from './parts/time.js'
import { readVcpus } from './parts/vcpus.js'
import { type SectionName, schema } from './schema.js'
import { round, Sections } from './sections.js'
import { sentenceJson, storyOf } from './story.js'

/** What the identity section joins. */
const joined = ['tasks', 'sched', 'programs', 'links', 'structOps', 'maps', 'allocators'] as const

/** What a report holds, and what lets go of it. */
export interface Taken extends ReportContents {
  close(): void
}

/**
 * Reads everything at once. What the guest does afterwards changes nothing in it. Throws only where there is nothing to
 * report about: 'state' while the guest runs, and what finding the kernel throws.
 */
export function takeContents(vm: Session): Taken {
  if (vm.state === 'running')
    throw new CryoscopeError('state', 'the guest runs, and a report needs it to stand still; freeze it first')
  const start = performance.now()
  const { kernel, target } = vm
  const store = new EntryStore()
  const sections = new Sections(() => kernel.problems.list)
  const environment = sections.take('environment', null, (notes) => {
    const unread = new Problems()
    const found = describeEnvironment(vm, true, unread)
    for (const { where, why } of unread.list) notes.lost('kernel', `fact:${where}`, why)
    notes.obtained = found.facts.filter(({ value }) => value !== null).length
    notes.expected = found.facts.length
    for (const problem of vm.targetProblems) notes.warn('target', 'target', problem)
    return found
  })
  const time = sections.take('time', null, (notes) => readTime(kernel, notes))
  const vcpus = sections.take('vcpus', [], (notes) => readVcpus(vm, notes))
  const tasks = sections.take('tasks', [], (notes) => readTasks(vm, notes))
  let facts: SchedFacts | undefined
  const sched = sections.take('sched', null, (notes) => {
    facts = schedFacts(kernel)
    return schedOf(schedState(facts), notes)
  })
  const domains = sections.take('domains', [], (notes) => readDomains(new Sched(kernel), notes))
  const cpuTime = sections.take('cpuTime', [], (notes) => readCpuTime(new Sched(kernel), notes))
  const numa = sections.take('numa', [], (notes) => readNumaNodes(new Sched(kernel), notes))
  const programs = sections.take('programs', [], (notes) => readPrograms(vm, notes))
  const links = sections.take('links', [], (notes) => readLinks(vm, notes))
  const streams = sections.take('streams', [], (notes) => {
    sections.depend(notes, 'programs')
    return readPrinted(vm, programs, notes)
  })
  const noMembers = { members: [] }
  const maps = sections.take('maps', [], (notes) => readMaps(vm, store, notes))
  // A map that is not known, or not of what type it is, may be any of them.
  const unlisted = ['map', 'map-unsupported', 'kernel', 'absent'] as const
  const structOps = sections.take('structOps', noMembers, (notes) => {
    sections.depend(notes, 'maps', unlisted)
    return readStructOps(vm, notes)
  })
  const arenas = sections.take('arenas', [], (notes) => {
    sections.depend(notes, 'maps', unlisted)
    return readArenas(vm, notes)
  })
  const allocators = sections.take('allocators', [], (notes) => {
    sections.depend(notes, 'arenas')
    sections.depend(notes, 'programs')
    return readAllocators(vm, store, notes)
  })
  const containers = sections.take('containers', [], (notes) => {
    sections.depend(notes, 'arenas')
    sections.depend(notes, 'allocators')
    return readContainers(vm, store, notes)
  })
  const log = sections.take<readonly LogRecord[]>('log', [], (notes) => {
    const problems = new Problems()
    const found = dmesg(kernel, problems)
    for (const sentence of problems.sentences) notes.lost('log', 'section:log', sentence)
    return found
  })
  const nothing: Identity = { tasks: {}, queues: {}, cpus: {}, maps: {}, programs: {}, allocations: {} }
  const identity = sections.take('identity', nothing, (notes) => {
    for (const name of joined) sections.depend(notes, name)
    const found = identityOf({
      tasks,
      sched,
      programs,
      links,
      structOps,
      storages: maps.flatMap(({ map, span }) =>
        map.type === 'task_storage' && span !== undefined ? [{ id: map.id, entries: store.lines(span) }] : [],
      ),
      allocators: allocators.flatMap(({ allocator, span }) =>
        span === undefined ? [] : [{ name: allocator.name, entries: store.lines(span) }],
      ),
    })
    notes.obtained = Object.keys(found.tasks).length
    return found
  })
  const story = sections.take('story', [], (notes) => {
    const found = <T>(name: SectionName, list: readonly T[]): Found<T> => sections.found(name, list)
    const list = notes.attempt('allocator', 'allocators', (): readonly Allocator[] => vm.allocators)
    const { sentences } = storyOf({
      kernel,
      sched: facts,
      cpus: notes.attempt('kernel', 'CPUs', () => kernel.cpus.possible) ?? [],
      tasks: found(
        'tasks',
        tasks.map((task) => ({ ...task, cpu: task.cpu ?? undefined })),
      ),
      programs: found('programs', programs),
      countsRuns: countsRuns(kernel),
      allocators: found('arenas', list ?? []),
      log: found('log', log),
      panic: notes.attempt('log', 'panic_cpu', () => findPanic(kernel, () => log)),
      unread: sections.problems
        .filter(({ severity, code }) => severity === 'error' && code !== 'allocator')
        .map(({ subject, message }) => `${subject}: ${message}`),
    })
    return sentences.map(sentenceJson)
  })
  const head: ReportHead = {
    schema,
    target: {
      name: target.name,
      kind: target.control === undefined ? 'dump' : 'guest',
      state: vm.state,
      facts: target.facts,
    },
    sections: sections.statuses,
    problems: sections.problems,
    milliseconds: round(performance.now() - start),
    story,
    environment,
    time,
    vcpus,
    tasks,
    sched,
    domains,
    cpuTime,
    numa,
    programs: programs.map(progJson),
    links: links.map(linkJson),
    streams,
    structOps,
    maps: maps.map(({ map }) => map),
    arenas,
    allocators: allocators.map(({ allocator }) => allocator),
    containers: containers.map(({ container }) => container),
    log: log.map(recordJson),
    identity,
  }
  const spans = {
    maps: maps.map(({ span }) => span),
    allocators: allocators.map(({ span }) => span),
    containers: containers.map(({ span }) => span),
  }
  const lines = (span: (typeof spans.maps)[number]): Iterable<string> =>
    span === undefined ? [] : store.lines(span)
  return {
    head,
    entryLines: (map) => lines(spans.maps[map]),
    elementLines: (allocator) => lines(spans.allocators[allocator]),
    containerLines: (container) => lines(spans.containers[container]),
    close: () => store.close(),
  }
}
