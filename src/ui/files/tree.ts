import { CryoscopeError } from '../../errors.js'
import type { Look } from '../../machine/machine.js'
import { describeInfo } from '../../session/info.js'
import type { Session } from '../../session/session.js'
import { allocatorsDirectory } from './allocators.js'
import { arenasDirectory } from './arenas.js'
import { ContentCache, openBytes } from './content.js'
import { controlHelp, parseControl, runControl } from './control.js'
import { kernelDirectory } from './kernel.js'
import { mapsDirectory } from './maps.js'
import { memoryDirectory } from './memory.js'
import { type Directory, type Entry, type File, link } from './node.js'
import { programsDirectory } from './programs.js'
import { reportFiles } from './report.js'
import { schedDirectory } from './sched.js'
import { section } from './section.js'
import { type Snapshot, takeSnapshot } from './snapshot.js'
import { tasksDirectory } from './tasks.js'
import { vcpusDirectory } from './vcpus.js'
import { jsonFile, type View } from './view.js'

/** Milliseconds after the last look until a guest that ran before runs again. */
const lookTime = 300
/** Bytes that kept stops may take in all. */
const keptLimit = 512 * 2 ** 20

export interface TreeOptions {
  /** When opening the target began, by performance.now(). */
  readonly opened?: number
  /** Whether `control` and map values may be written. */
  readonly writable?: boolean
}

/** One stop of the target, and what it looks like as files. */
interface Stop {
  readonly number: number
  readonly epoch: number | undefined
  readonly time: Date
  readonly contents: readonly Entry[]
}

/**
 * A session as a tree of files. Each stop of a guest is a generation: nothing that was read before it is shown after
 * it, and everything that is read during it agrees. A guest that runs stands still while somebody looks.
 */
export class SessionTree implements AsyncDisposable {
  readonly session: Session
  readonly writable: boolean
  readonly #cache = new ContentCache()
  readonly #opened: number
  readonly #kept = new Map<number, Snapshot>()
  #openMilliseconds: number | undefined
  #stop: Stop | undefined
  #generation = 0
  #root: Directory | undefined
  #look: Promise<Look | undefined> | undefined
  #release: NodeJS.Timeout | undefined
  #busy = 0
  #last = ''
  readonly #watchers = new Set<() => void>()
  readonly #unwatch: (() => void) | undefined

  constructor(session: Session, { opened = performance.now(), writable = false }: TreeOptions = {}) {
    this.session = session
    this.writable = writable
    this.#opened = opened
    this.#unwatch = session.target.machine?.onStateChange((state) => {
      if (state === 'running') this.#tell()
    })
  }

  /** Whether `onChange` hears of every change: of targets that do not say when they go on nobody may believe what he saw. */
  get tellsChanges(): boolean {
    return this.isFixed || this.#unwatch !== undefined
  }

  /** Calls the listener whenever what was shown may no longer hold; the result ends that. */
  onChange(listener: () => void): () => void {
    this.#watchers.add(listener)
    return () => this.#watchers.delete(listener)
  }

  #tell(): void {
    for (const watcher of [...this.#watchers]) watcher()
  }

  /** The tree of the present stop. */
  get root(): Directory {
    const stop = this.#stop ?? this.#newStop()
    this.#root ??= this.#makeRoot(stop)
    return this.#root
  }

  /** When the present stop was first looked at. */
  get time(): Date {
    return (this.#stop ?? this.#newStop()).time
  }

  /** Grows with every stop, and with everything that is written. */
  get generation(): number {
    return this.#generation
  }

  /** Whether contents never change. */
  get isFixed(): boolean {
    return this.session.target.control === undefined
  }

  /**
   * To be awaited before anything but `control` is looked at: a guest that runs is stopped for the look. Undefined, so
   * that nobody waits, when the target stands still.
   */
  ready(): Promise<void> | undefined {
    const { control } = this.session.target
    if (control === undefined || (control.state === 'frozen' && this.#release === undefined)) {
      this.#refresh()
      return undefined
    }
    if (control.state === 'frozen') {
      this.#extend()
      this.#refresh()
      return undefined
    }
    return this.#hold()
  }

  /** Keeps a guest that stands still for looks so while the work is done. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    this.#busy++
    try {
      return await work()
    } finally {
      this.#busy--
      if (this.#release !== undefined) this.#extend()
    }
  }

  /** Lets a guest run that only our looks hold. */
  async close(): Promise<void> {
    this.#unwatch?.()
    if (this.#release !== undefined) clearTimeout(this.#release)
    await this.#letGo()
    this.#cache.clear()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #hold(): Promise<void> {
    const { control } = this.session.target
    this.#busy++
    try {
      // A look that somebody has overruled holds nothing; a new one is taken.
      this.#look ??= control?.hold()
      const mine = this.#look
      await mine
      if (control?.state === 'running') {
        if (this.#look === mine) await this.#letGo()
        this.#look ??= control.hold()
        await this.#look
      }
    } finally {
      this.#busy--
    }
    this.#extend()
    this.#refresh()
  }

  #extend(): void {
    if (this.#release !== undefined) clearTimeout(this.#release)
    this.#release = setTimeout(() => {
      this.#release = undefined
      if (this.#busy > 0) this.#extend()
      else void this.#letGo().catch(() => {})
    }, lookTime)
    this.#release.unref()
  }

  async #letGo(): Promise<void> {
    const look = this.#look
    this.#look = undefined
    await (await look)?.release()
  }

  #refresh(): void {
    const epoch = this.session.target.control?.epoch
    if (this.#stop === undefined || this.#stop.epoch !== epoch) this.#newStop()
  }

  #newStop(number = (this.#stop?.number ?? 0) + 1): Stop {
    this.#cache.clear()
    this.#generation++
    this.#root = undefined
    const { session, writable } = this
    const changed = (): void => void this.#newStop(number)
    const requireFrozen = (): void => {
      if (this.#look === undefined) return
      throw new CryoscopeError('state', 'the guest runs and would write too; write freeze to control first')
    }
    const view: View = { session, cache: this.#cache, writable, changed, requireFrozen }
    this.#stop = {
      number,
      epoch: session.target.control?.epoch,
      time: new Date(),
      contents: this.#contents(view),
    }
    this.#tell()
    return this.#stop
  }

  #contents(view: View): Entry[] {
    const shared = (make: () => Directory): (() => Directory) => {
      let made: Directory | undefined
      return () => {
        made ??= make()
        return made
      }
    }
    return [
      ['info.json', jsonFile(view, 'what was opened: `cryoscope info TARGET --json`', () => this.#info())],
      ...reportFiles(view),
      ['vcpus', shared(() => vcpusDirectory(view))],
      ['tasks', shared(() => tasksDirectory(view))],
      ['maps', shared(() => mapsDirectory(view))],
      ['progs', shared(() => programsDirectory(view))],
      ['arenas', shared(() => arenasDirectory(view))],
      ['allocators', shared(() => allocatorsDirectory(view))],
      ['sched', shared(() => schedDirectory(view))],
      ['memory', shared(() => memoryDirectory(view))],
      ['kernel', shared(() => kernelDirectory(view))],
    ]
  }

  /** How long opening took does not change with later looks. */
  #info(): unknown {
    const found = describeInfo(this.session, this.#opened)
    this.#openMilliseconds ??= found.openMilliseconds
    return { ...found, openMilliseconds: this.#openMilliseconds }
  }

  #makeRoot(stop: Stop): Directory {
    const { name } = this.session.target
    return section({
      title: `${name} as files`,
      about: [
        'Everything that cryoscope sees of this target. Documents are what the command line prints with --json; `getfattr -d`',
        'shows type and address of a file; a file `problems` says what could not be read beside it.',
      ].join('\n'),
      parts: [
        ['vcpus/', 'where each vCPU stands'],
        ['tasks/', 'every thread'],
        ['maps/', 'BPF maps and what they hold'],
        ['progs/', 'BPF programs'],
        ['arenas/', 'BPF arenas'],
        ['allocators/', 'allocators of arenas'],
        ['sched/', 'the scheduler'],
        ['memory/', 'physical memory, and a core made on the fly'],
        ['kernel/', 'symbols, types, log'],
        ['stops/', 'this stop by its number, and earlier ones that were kept'],
      ],
      commands: ['info', 'mount', 'unmount'],
      cache: this.#cache,
      entries: () => [['control', this.#control()], ...stop.contents, ['stops', this.#stops(stop)]],
    })
  }

  #stops(stop: Stop): Directory {
    return section({
      title: 'Stops',
      about:
        'A stop is what the guest looks like between two runs. `current` is the present one; write `keep` to `control` to keep it: all of it but memory.',
      parts: [['<n>/', 'one stop, with what was in the mount then']],
      cache: this.#cache,
      entries: () => [
        ...[...this.#kept]
          .filter(([n]) => n !== stop.number)
          .map(([n, { root }]): Entry => [String(n), root]),
        [
          String(stop.number),
          section({
            title: `Stop ${stop.number}`,
            about: 'The present stop.',
            cache: this.#cache,
            entries: () => stop.contents,
          }),
        ],
        ['current', link(String(stop.number))],
      ],
    })
  }

  #control(): File {
    const text = (): Buffer => Buffer.from(this.#stateText())
    return {
      kind: 'file',
      about: this.isFixed ? 'what the target is: a dump' : `the state; write to it: ${controlHelp}`,
      // The state may change between this and the reading; a size of 0 makes readers read to the end.
      size: () => undefined,
      open: () => openBytes(text()),
      ...(this.writable ? { write: (line: string) => this.#obey(line) } : {}),
    }
  }

  #stateText(): string {
    const { state } = this.session
    const isHeld = state === 'frozen' && this.#look !== undefined
    if (state !== 'running') this.#refresh()
    const lines = [
      isHeld ? 'running (it stands still for looks)' : state,
      `stop ${this.#stop?.number ?? 0}`,
      ...(this.#kept.size === 0 ? [] : [`kept ${[...this.#kept.keys()].join(' ')}`]),
      ...(this.#last === '' ? [] : [`last ${this.#last}`]),
    ]
    return `${lines.join('\n')}\n`
  }

  async #obey(text: string): Promise<void> {
    for (const line of text.split('\n')) {
      if (line.trim() === '') continue
      try {
        this.#last = `${line.trim()}: ${await this.#run(line)}`
      } catch (error) {
        if (error instanceof CryoscopeError) this.#last = error.message
        throw error
      }
    }
  }

  async #run(line: string): Promise<string> {
    const command = parseControl(line)
    if (command.verb === 'keep') return await this.#keep()
    if (command.verb === 'drop') {
      if (!this.#kept.delete(command.stop)) {
        throw new CryoscopeError('not-found', `stop ${command.stop} is not kept`)
      }
      this.#root = undefined
      return 'dropped'
    }
    // What was held for looks is from now on as the command says.
    const answer = await runControl(this.session, command)
    await this.#letGo()
    return answer
  }

  async #keep(): Promise<string> {
    await this.ready()
    this.#busy++
    try {
      const stop = this.#stop ?? this.#newStop()
      const tree = section({
        title: `Stop ${stop.number}`,
        about: `What the mount showed at ${stop.time.toISOString()}, but for memory.`,
        cache: this.#cache,
        entries: () => stop.contents,
      })
      const taken = await takeSnapshot(tree)
      if (this.session.target.control?.epoch !== stop.epoch) {
        throw new CryoscopeError('guest', 'the guest ran while its stop was being kept; freeze it first')
      }
      const total = [...this.#kept.values()].reduce((sum, { size }) => sum + size, taken.size)
      if (total > keptLimit) {
        throw new CryoscopeError('unreadable', 'kept stops would take more than 512 MiB; drop one first')
      }
      this.#kept.set(stop.number, taken)
      return `stop ${stop.number} takes ${(taken.size / 2 ** 20).toFixed(1)} MiB`
    } finally {
      this.#busy--
    }
  }
}
