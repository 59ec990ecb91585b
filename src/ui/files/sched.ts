import { fileName } from './names.js'
import type { Directory, Entry } from './node.js'
import { section } from './section.js'
import { jsonFile, placed, type View } from './view.js'

interface SchedDocument {
  readonly runqueues: readonly { readonly cpu: number; readonly address: string }[]
  readonly queues: readonly { readonly id: string; readonly name: string; readonly address: string }[]
  readonly events: unknown
  readonly problems: readonly { readonly where: string; readonly why: string }[]
}

export function schedDirectory(view: View): Directory {
  let made: SchedDocument | undefined
  // The parts are cut from the whole, so that they agree.
  const whole = (): SchedDocument => {
    made ??= view.session.sched.toJSON() as SchedDocument
    return made
  }
  return section({
    title: 'Scheduler',
    about: 'sched_ext, runqueues, dispatch queues with their tasks in order, and events.',
    parts: [
      ['rq/<cpu>.json', 'one runqueue'],
      ['dsqs/<id>.json', 'one dispatch queue'],
    ],
    commands: ['sched', 'why'],
    cache: view.cache,
    entries: (notes) => {
      for (const problem of whole().problems ?? []) notes.add(problem.where, problem.why)
      return [
        ['state.json', jsonFile(view, 'the whole: `cryoscope sched TARGET --json`', whole)],
        ['events.json', jsonFile(view, 'event counters', () => whole().events)],
        ['rq', () => runqueues(view, whole())],
        ['dsqs', () => queues(view, whole())],
      ]
    },
  })
}

function runqueues(view: View, whole: SchedDocument): Directory {
  return section({
    title: 'Runqueues',
    about: 'One file for each CPU: an element of `runqueues` in state.json.',
    commands: ['sched'],
    cache: view.cache,
    entries: () =>
      whole.runqueues.map(
        (runqueue): Entry => [
          `${runqueue.cpu}.json`,
          jsonFile(view, 'a runqueue', () => runqueue, placed('struct rq', BigInt(runqueue.address))),
        ],
      ),
  })
}

function queues(view: View, whole: SchedDocument): Directory {
  const ids = new Map<string, number>()
  for (const { id } of whole.queues) ids.set(id, (ids.get(id) ?? 0) + 1)
  return section({
    title: 'Dispatch queues',
    about:
      'One file for each queue, by its id: an element of `queues` in state.json. Queues that share an id, as those of CPUs do, are called `<id>@<name>`.',
    commands: ['sched'],
    cache: view.cache,
    entries: () =>
      whole.queues.map((queue): Entry => {
        const isShared = (ids.get(queue.id) ?? 0) > 1
        const name = fileName(isShared ? `${queue.id}@${queue.name.replaceAll(' ', '-')}` : queue.id)
        const attributes = placed('struct scx_dispatch_q', BigInt(queue.address))
        return [`${name}.json`, jsonFile(view, queue.name, () => queue, attributes)]
      }),
  })
}
